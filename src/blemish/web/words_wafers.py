"""The words of the pages about wafers in Korean, by the English ones."""

from collections.abc import Mapping

WAFERS: Mapping[str, str] = {
    "Wafer map": "웨이퍼 맵",
    "Wafer map and trends": "웨이퍼 맵과 추세",
    "Repeats": "반복 위치",
    "Millimetres are not known: start the server with --wafer-diameter or --wafer, and let the "
    "pictures be looked at again.": (
        "밀리미터를 알 수 없습니다. 서버를 --wafer-diameter 또는 --wafer로 시작하고 사진을 다시 "
        "검사하십시오."
    ),
    "Lot": "로트",
    "All lots": "모든 로트",
    "Show": "보기",
    "with unsure pictures": "불확실한 사진 포함",
    "{wafers} wafers, {finds} finds": "웨이퍼 {wafers}장, 발견 {finds}개",
    "the newest {most} pictures": "최근 사진 {most}장",
    "Rejected finds do not count.": "틀림으로 판정한 발견은 세지 않습니다.",
    "Left out": "제외",
    "something is unsure": "불확실함",
    "without millimetres": "밀리미터 없음",
    "a find lies off the wafer": "웨이퍼 밖의 발견",
    "there twice": "중복",
    "No wafer with millimetres yet.": "아직 밀리미터를 아는 웨이퍼가 없습니다.",
    "All finds on one wafer, mm from the centre, y up": (
        "모든 발견을 한 웨이퍼에 겹침. 중심에서 mm, y는 위쪽"
    ),
    "{count} more are not drawn.": "{count}개는 그리지 않았습니다.",
    "Finds a wafer, in the order they came": "웨이퍼당 발견, 도착한 순서",
    "Density by distance from the centre": "중심에서의 거리별 밀도",
    "Finds a wafer and cm², rings of equal area, mm; lines: 95 % that all hold": (
        "웨이퍼와 cm²당 발견, 넓이가 같은 고리, mm. 선: 모두 성립할 확률 95 %"
    ),
    "dashed: the mean; orange: its interval leaves the mean out": (
        "점선: 평균, 주황: 구간이 평균을 벗어남"
    ),
    "dashed: the mean; a bar leads to its picture": "점선: 평균. 막대를 누르면 사진으로 갑니다",
    "Too few wafers to tell a trend.": "추세를 말하기에는 웨이퍼가 너무 적습니다.",
    "No trend to be seen (Mann-Kendall p = {p}).": "추세가 보이지 않습니다 (Mann-Kendall p = {p}).",
    "Finds a wafer rise: {slope} a wafer (Mann-Kendall p = {p}).": (
        "웨이퍼당 발견이 늘어납니다: 웨이퍼마다 {slope} (Mann-Kendall p = {p})."
    ),
    "Finds a wafer fall: {slope} a wafer (Mann-Kendall p = {p}).": (
        "웨이퍼당 발견이 줄어듭니다: 웨이퍼마다 {slope} (Mann-Kendall p = {p})."
    ),
    "A place that comes back on wafer after wafer points to a tool or the chuck. Told are places "
    "on {least} wafers or more; chance makes {rate} false ones a page.": (
        "웨이퍼마다 반복되는 위치는 장비나 척의 문제를 뜻합니다. 웨이퍼 {least}장 이상에서 반복된 "
        "위치만 보이며, 우연히 나올 것으로 기대되는 수는 {rate}개입니다."
    ),
    "Nothing comes back more often than by chance.": "우연보다 자주 반복되는 위치가 없습니다.",
    "Number": "번호",
    "Wafers": "웨이퍼",
    "{count} of {all}": "{all} 중 {count}",
    "Spread, mm": "퍼짐, mm",
    "By chance": "우연 기대값",
    "False places": "거짓 위치",
    "Pictures": "사진",
    "and {count} more": "외 {count}장",
    "In the die": "다이 안",
    "Dies": "다이",
    "KLARF 1.2 of all wafers": "모든 웨이퍼의 KLARF 1.2",
    "A file a wafer, clean ones too. A wafer whose place or mark is unsure has none; rejected "
    "finds are left out.": (
        "웨이퍼마다 파일 하나이며 깨끗한 웨이퍼도 있습니다. 위치나 기준이 불확실한 웨이퍼는 "
        "없고, 틀림으로 판정한 발견은 빠집니다."
    ),
}
