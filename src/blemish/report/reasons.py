"""Why a picture is partial or failed, in the language of the page.

Tables hold reasons in English. The common ones are said in the other language, phrase by phrase;
what is not known here stays as it is.
"""

import re
from collections.abc import Mapping

KOREAN = {
    "no wafer found: no millimetres; check the picture": "웨이퍼를 찾지 못해 mm 위치가 없습니다. "
    "사진을 확인하십시오",
    "names.pattern does not fit its name: no KLARF is written": "names.pattern이 이 이름에 맞지 "
    "않아 KLARF를 쓰지 않았습니다",
    "no KLARF is written": "KLARF는 쓰지 않았습니다",
    "no labels are written": "라벨은 쓰지 않았습니다",
    "two wafers in view: the millimetres are of one; show one at a time": "웨이퍼 두 장이 보이며 "
    "mm 위치는 한 장의 것입니다. 한 장씩 찍으십시오",
    "the rim is hardly seen: the millimetres are rough; light it evenly": "가장자리가 거의 보이지 "
    "않아 mm 위치가 어림입니다. 고르게 비추십시오",
    "only {a} of the rim is in the picture: the millimetres are rough; show the whole wafer": "가장"
    "자리가 {a}만 찍혀 mm 위치가 어림입니다. 웨이퍼 전체를 찍으십시오",
    "no flat or notch found: how the wafer is turned is not known, and the millimetres may be "
    "turned; give orientation.angle in a file for --wafer": "플랫이나 노치를 찾지 못해 웨이퍼가 "
    "돌아간 각도를 모릅니다. mm 위치가 돌아가 있을 수 있으니 --wafer 파일에 orientation.angle을 "
    "적으십시오",
    "no {a} found: how the wafer is turned is not known, and the millimetres may be turned; give "
    "orientation.angle in a file for --wafer": "{a}을(를) 찾지 못해 웨이퍼가 돌아간 각도를 "
    "모릅니다. mm 위치가 돌아가 있을 수 있으니 --wafer 파일에 orientation.angle을 적으십시오",
    "the {a} is seen at {b} degrees, not at orientation.angle = {c}: one is wrong; check the "
    "settings": "{a}이(가) orientation.angle = {c}가 아니라 {b}도에 보입니다. 둘 중 하나가 "
    "틀렸으니 설정을 확인하십시오",
    "no wafer found: nothing was dropped; check the picture or use --region auto": "웨이퍼를 "
    "찾지 못해 아무것도 빼지 않았습니다. 사진을 확인하거나 --region auto를 쓰십시오",
    "diameter: no standard wafer has {a} mm (the nearest has {b}): check it, or all millimetres "
    "are "
    "wrong": "지름: {a} mm인 표준 웨이퍼는 없습니다(가장 가까운 것은 {b}). 확인하지 않으면 모든 mm "
    "위치가 틀릴 수 있습니다",
    "diameter: a flat of {a} mm is seen, and wafers of {b} mm have {c}: check it, or all "
    "millimetres are wrong": "지름: {a} mm 플랫이 보이는데 {b} mm 웨이퍼와 맞지 않습니다({c}). "
    "확인하지 않으면 모든 mm 위치가 틀릴 수 있습니다",
    "(flats of {a} to {b} mm; it would fit {c} mm)": "(플랫은 {a}~{b} mm이며, {c} mm 웨이퍼라면 "
    "맞습니다)",
    "(no flat; it would fit {c} mm)": "(플랫이 없으며, {c} mm 웨이퍼라면 맞습니다)",
    " or {a} mm 웨이퍼라면 맞습니다": ", {a} mm 웨이퍼라면 맞습니다",
    "(flats of {a} to {b} mm)": "(플랫은 {a}~{b} mm)",
    "(no flat)": "(플랫 없음)",
    "its brightest value is {a} of {b} and it is looked at nearly black: give --range {c}": "가장 "
    "밝은 값이 {b} 중 {a}뿐이라 거의 검게 보았습니다. --range {c}",
    ", or {a} if it is meant so": "을 주거나, 이대로가 맞으면 {a}을 주십시오",
    "is empty (0 bytes); copy or export it again": "빈 파일(0바이트)입니다. 다시 복사하거나 "
    "내보내십시오",
    "is not a PNG, JPEG, BMP or TIFF picture; leave it out or convert it": "PNG, JPEG, BMP, TIFF "
    "사진이 아닙니다. 빼거나 변환하십시오",
    "is cut short (its end is missing); copy or export it again": "뒷부분이 잘렸습니다. 다시 "
    "복사하거나 내보내십시오",
    "is damaged; copy or export it again": "손상되었습니다. 다시 복사하거나 내보내십시오",
    "is damaged ({a}); copy or export it again": "손상되었습니다({a}). 다시 복사하거나 "
    "내보내십시오",
    "does not fit in memory; cut it into smaller pictures": "메모리에 들어가지 않습니다. 작은 "
    "사진으로 나누십시오",
}
"""English phrases, in which {a}, {b} and {c} stand for a few words, and what they become."""

TABLES: Mapping[str, Mapping[str, str]] = {"en": {}, "ko": KOREAN}


def reason_in(lang: str, reason: str) -> tuple[str, str]:
    """Give a reason in a language as far as it is known, and the language that it now is in."""
    said = reason
    for english, other in TABLES[lang].items():
        pattern = re.sub(r"\\\{([abc])\\\}", r"(?P<\1>[^:]{1,80}?)", re.escape(english))
        while match := re.search(pattern, said):
            words = other.format_map(match.groupdict())
            said = said[: match.start()] + words + said[match.end() :]
    return said, "en" if said == reason else lang
