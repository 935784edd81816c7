"""What a page says, in each language under the same keys."""

from collections.abc import Mapping

from blemish.report.result import real

LANGUAGES = ("en", "ko")

ENGLISH = {
    "title_found": "Inspection report",
    "title_judged": "Evaluation report",
    "made_by": "Made by blemish {version}, {time}",
    "skip": "Go to the pictures",
    "summary": "Summary",
    "pictures": "pictures",
    "defective": "with finds",
    "clean": "clean",
    "partial": "partial",
    "failed": "failed",
    "finds": "finds",
    "labels": "labels",
    "found_in": "Something was found in {n} of {of} pictures looked at.",
    "nothing_found": "Nothing was found.",
    "no_pictures": "No picture was looked at.",
    "incomplete": "The run was stopped: only the pictures that were complete are here.",
    "not_looked": "{n} could not be looked at; see “Not or partly looked at”.",
    "outside": "Finds outside the wafer, dropped",
    "excluded": "Finds in excluded places, dropped",
    "source": "Pictures",
    "model": "Model",
    "threshold": "Lowest score of a find",
    "engine": "Engine",
    "diameter": "Wafer diameter",
    "data": "Data",
    "how": "Settings",
    "what": "What",
    "value": "Value",
    "all_finds_alt": "Map of one wafer with {finds} of all pictures.",
    "all_finds_text": "{finds} of {wafers}, laid over each other. What comes again at one "
    "place points to a tool or a chuck.",
    "stack_unsure": "Finds on partial pictures are left out, as their places may be wrong: {n}.",
    "worst": "Worst first",
    "worst_caption": "Pictures with finds, those with most finds first",
    "worst_judged_caption": "Pictures with misses or false finds, those with most first",
    "picture": "Picture",
    "status": "Status",
    "num_finds": "Finds",
    "best": "Best score",
    "missed": "Missed",
    "false": "False",
    "hits": "Hits",
    "more_rows": "{n} more rows are in {file}.",
    "problems": "Not or partly looked at",
    "problems_caption": "Pictures that failed or are partial, and why",
    "why": "Why",
    "next": "Look at these yourself",
    "next_found": "Their scores lie nearest the threshold of {threshold}: here the model is least "
    "sure. Labels on them teach it most.",
    "next_judged": "Label more pictures like these: the model errs most in them, or is least sure.",
    "next_caption": "Pictures by how near a score comes to the threshold",
    "next_judged_caption": "Pictures by errors, then by how near a score comes to the threshold",
    "nearest": "Nearest score",
    "with_finds": "Pictures with finds",
    "with_errors": "Pictures with misses or false finds",
    "clean_pictures": "Clean pictures",
    "right_pictures": "Pictures without misses or false finds",
    "more_cards": "{n} more pictures are not shown here, to keep the page small. They stand in "
    "{file}.",
    "view_alt": "{name}: picture with {finds} marked.",
    "clean_alt": "{name}: picture without finds.",
    "right_alt": "{name}: picture without misses or false finds.",
    "no_copy": "No drawn copy was written of this picture, or it is not there any more.",
    "crop_alt": "Find {number} enlarged, score {score}.",
    "false_alt": "False find {number} enlarged, score {score}.",
    "missed_alt": "Missed label {number} enlarged.",
    "score": "score {score}",
    "false_score": "false, score {score}",
    "missed_word": "missed",
    "missed_below": "missed; best score there {score}",
    "size_px": "box\u00a0{w}\u00a0×\u00a0{h}\u00a0px",
    "seen_mm": "size\u00a0{w}\u00a0×\u00a0{h}\u00a0mm",
    "size_mm": "box\u00a0{w}\u00a0×\u00a0{h}\u00a0mm",
    "at_mm": "x\u00a0{x}, y\u00a0{y}\u00a0mm",
    "at_px": "at\u00a0{x}, {y}\u00a0px",
    "at_die": "die\u00a0{x}, {y}",
    "more_crops": "{n} more are not enlarged here; they stand in {file}.",
    "map_alt": "Wafer map of {name} with {finds}.",
    "map_caption": "Map, mm from the centre, y up",
    "map_more": "{n} more are not drawn here; they stand in finds.csv.",
    "top": "Back to the top",
    "repeats": "Places that come again",
    "repeats_caption": "What repeats.csv holds",
    "scores": "Scores",
    "scores_caption": "Scores on all classes, with 95 % intervals",
    "few_drawn": "The intervals are drawn over only {n} pictures or groups. With fewer than "
    "{few} they are too narrow: test on more before you rely on them.",
    "number": "Number",
    "interval": "95 % interval",
    "ends": "{low} to {high}",
    "mAP": "Average precision at IoU 0.5 (mAP)",
    "coco_ap50_95": "COCO average precision, IoU 0.50:0.95",
    "centre_recall": "Labels whose centre is hit, at the threshold",
    "centre_precision": "Finds that hit, at the threshold",
    "false_per_picture": "False finds a picture, at the threshold",
    "sensitivity": "Defective pictures caught",
    "specificity": "Clean pictures passed",
    "pr": "Precision by recall",
    "pr_alt": "Curve of precision against recall at IoU 0.5, with a band of its 95 % interval; "
    "{text}.",
    "pr_x": "recall",
    "pr_y": "precision",
    "froc": "Recall by false finds",
    "froc_alt": "Curve of recall against false finds a picture, with a band of its 95 % "
    "interval; {text}.",
    "froc_x": "false finds a picture",
    "froc_y": "recall by the centre",
    "curve_point": "{value} ({low} to {high}) at {at}",
    "curve_text": "The band is the 95 % interval at each place. The numbers are in curves.csv.",
    "classes": "By class",
    "classes_caption": "Scores of each class, at the threshold where they are counts",
    "class": "Class",
    "sizes": "By size",
    "sizes_caption": "Scores by the size of the label: the root of its box's area",
    "size": "Size, px",
    "recall": "Recall",
    "precision": "Precision",
    "misses": "Worst misses",
    "misses_text": "Labels that no find hits: first those where the model saw nothing at all, the "
    "largest first.",
    "false_finds": "Worst false finds",
    "false_text": "Finds that hit no label, the most certain first. Some may be defects that "
    "nobody labelled.",
    "none_missed": "No label was missed.",
    "none_false": "There is no false find.",
    "n_finds": "{n} finds",
    "n_finds_1": "1 find",
    "n_wafers": "{n} wafers",
    "n_wafers_1": "1 wafer",
    "n_missed": "{n} missed",
    "n_missed_1": "1 missed",
    "n_false": "{n} false",
    "n_false_1": "1 false",
}

KOREAN = {
    "title_found": "검사 보고서",
    "title_judged": "평가 보고서",
    "made_by": "blemish {version}, {time} 작성",
    "skip": "사진으로 가기",
    "summary": "요약",
    "pictures": "사진",
    "defective": "결함 찾음",
    "clean": "깨끗함",
    "partial": "일부만 처리",
    "failed": "실패",
    "finds": "찾은 곳",
    "labels": "라벨",
    "found_in": "검사한 사진 {of}장 가운데 {n}장에서 결함을 찾았습니다.",
    "nothing_found": "찾은 결함이 없습니다.",
    "no_pictures": "검사한 사진이 없습니다.",
    "incomplete": "중간에 멈춘 실행입니다. 그때까지 끝난 사진만 있습니다.",
    "not_looked": "{n}장은 검사하지 못했습니다. “검사하지 못했거나 일부만 검사한 사진”을 보십시오.",
    "outside": "웨이퍼 밖이라 뺀 곳",
    "excluded": "제외 구역이라 뺀 곳",
    "source": "사진",
    "model": "모델",
    "threshold": "찾은 곳의 최저 점수",
    "engine": "엔진",
    "diameter": "웨이퍼 지름",
    "data": "데이터",
    "how": "설정",
    "what": "항목",
    "value": "값",
    "all_finds_alt": "모든 사진에서 찾은 {finds}을 웨이퍼 한 장에 모은 지도.",
    "all_finds_text": "{wafers}에서 찾은 {finds}을 겹쳐 놓았습니다. 같은 자리에 되풀이되면 "
    "장비나 척을 의심할 수 있습니다.",
    "stack_unsure": "일부만 처리된 사진에서 찾은 {n}곳은 자리가 틀릴 수 있어 뺐습니다.",
    "worst": "나쁜 순서",
    "worst_caption": "결함을 찾은 사진, 많은 것부터",
    "worst_judged_caption": "놓치거나 잘못 찾은 사진, 많은 것부터",
    "picture": "사진",
    "status": "상태",
    "num_finds": "찾은 곳",
    "best": "최고 점수",
    "missed": "놓침",
    "false": "오검출",
    "hits": "맞힘",
    "more_rows": "나머지 {n}줄은 {file}에 있습니다.",
    "problems": "검사하지 못했거나 일부만 검사한 사진",
    "problems_caption": "실패했거나 일부만 처리된 사진과 까닭",
    "why": "까닭",
    "next": "직접 확인할 사진",
    "next_found": "점수가 기준 {threshold}에 가장 가까운 사진입니다. 모델이 가장 확신하지 못하므로 "
    "여기에 라벨을 달면 가장 많이 배웁니다.",
    "next_judged": "이런 사진에 라벨을 더 다십시오. 모델이 가장 많이 틀리거나 확신하지 못합니다.",
    "next_caption": "점수가 기준에 가까운 순서",
    "next_judged_caption": "틀린 곳이 많은 순서, 같으면 점수가 기준에 가까운 순서",
    "nearest": "가장 가까운 점수",
    "with_finds": "결함을 찾은 사진",
    "with_errors": "놓치거나 잘못 찾은 사진",
    "clean_pictures": "깨끗한 사진",
    "right_pictures": "놓치거나 잘못 찾은 곳이 없는 사진",
    "more_cards": "쪽을 작게 하려고 사진 {n}장은 여기 싣지 않았습니다. {file}에 있습니다.",
    "view_alt": "{name}: {finds} 표시한 사진.",
    "clean_alt": "{name}: 찾은 곳이 없는 사진.",
    "right_alt": "{name}: 놓치거나 잘못 찾은 곳이 없는 사진.",
    "no_copy": "이 사진의 표시본은 쓰지 않았거나 이제 없습니다.",
    "crop_alt": "찾은 곳 {number} 확대, 점수 {score}.",
    "false_alt": "오검출 {number} 확대, 점수 {score}.",
    "missed_alt": "놓친 라벨 {number} 확대.",
    "score": "점수 {score}",
    "false_score": "오검출, 점수 {score}",
    "missed_word": "놓침",
    "missed_below": "놓침, 그 자리의 최고 점수 {score}",
    "size_px": "상자\u00a0{w}\u00a0×\u00a0{h}\u00a0px",
    "seen_mm": "크기\u00a0{w}\u00a0×\u00a0{h}\u00a0mm",
    "size_mm": "상자\u00a0{w}\u00a0×\u00a0{h}\u00a0mm",
    "at_mm": "x\u00a0{x}, y\u00a0{y}\u00a0mm",
    "at_px": "위치\u00a0{x}, {y}\u00a0px",
    "at_die": "다이\u00a0{x}, {y}",
    "more_crops": "나머지 {n}곳은 여기서 확대하지 않았습니다. {file}에 있습니다.",
    "map_alt": "{name}의 웨이퍼 지도, {finds}.",
    "map_caption": "지도, 중심에서의 거리(mm), y는 위쪽",
    "map_more": "나머지 {n}곳은 여기 그리지 않았습니다. finds.csv에 있습니다.",
    "top": "맨 위로",
    "repeats": "되풀이되는 자리",
    "repeats_caption": "repeats.csv의 내용",
    "scores": "점수",
    "scores_caption": "모든 클래스의 점수와 95 % 구간",
    "few_drawn": "구간을 사진이나 묶음 {n}개만으로 구했습니다. {few}개보다 적으면 구간이 너무 "
    "좁게 나오므로 더 많은 사진으로 시험한 뒤에 믿으십시오.",
    "number": "값",
    "interval": "95 % 구간",
    "ends": "{low}~{high}",
    "mAP": "IoU 0.5의 평균 정밀도(mAP)",
    "coco_ap50_95": "COCO 평균 정밀도, IoU 0.50:0.95",
    "centre_recall": "중심을 맞힌 라벨의 비율(기준 점수에서)",
    "centre_precision": "찾은 곳 가운데 맞은 비율(기준 점수에서)",
    "false_per_picture": "사진당 오검출(기준 점수에서)",
    "sensitivity": "잡아낸 결함 사진",
    "specificity": "통과시킨 깨끗한 사진",
    "pr": "재현율에 따른 정밀도",
    "pr_alt": "IoU 0.5에서 재현율에 따른 정밀도 곡선과 95 % 구간 띠, {text}.",
    "pr_x": "재현율",
    "pr_y": "정밀도",
    "froc": "오검출에 따른 재현율",
    "froc_alt": "사진당 오검출에 따른 재현율 곡선과 95 % 구간 띠, {text}.",
    "froc_x": "사진당 오검출",
    "froc_y": "중심 기준 재현율",
    "curve_point": "{at}에서 {value}({low}~{high})",
    "curve_text": "띠는 각 자리의 95 % 구간입니다. 숫자는 curves.csv에 있습니다.",
    "classes": "클래스별",
    "classes_caption": "클래스별 점수, 개수는 기준 점수에서",
    "class": "클래스",
    "sizes": "크기별",
    "sizes_caption": "라벨 크기별 점수(크기는 상자 넓이의 제곱근)",
    "size": "크기, px",
    "recall": "재현율",
    "precision": "정밀도",
    "misses": "가장 나쁜 놓침",
    "misses_text": "맞힌 곳이 없는 라벨입니다. 모델이 아무것도 보지 못한 것부터, 큰 것부터.",
    "false_finds": "가장 나쁜 오검출",
    "false_text": "라벨에 맞지 않는 곳입니다. 점수가 높은 것부터. 라벨을 달지 않은 진짜 결함일 "
    "수도 있습니다.",
    "none_missed": "놓친 라벨이 없습니다.",
    "none_false": "오검출이 없습니다.",
    "n_finds": "{n}곳",
    "n_finds_1": "1곳",
    "n_wafers": "웨이퍼 {n}장",
    "n_wafers_1": "웨이퍼 1장",
    "n_missed": "{n}곳 놓침",
    "n_missed_1": "1곳 놓침",
    "n_false": "오검출 {n}곳",
    "n_false_1": "오검출 1곳",
}

TABLES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "ko": KOREAN}


class Words:
    """The words of one language.

    Attributes:
        lang: as HTML's `lang` has it.
    """

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._table = TABLES[lang]

    def __call__(self, key: str, **values: object) -> str:
        """Give a text with values in its places."""
        return self._table[key].format_map(values)

    def count(self, key: str, number: int) -> str:
        """Give a number with what is counted."""
        return self(f"{key}_1" if number == 1 else key, n=f"{number:,}")

    def ends(self, value: object) -> str:
        """Give the two ends of an interval as a record holds them."""
        if not isinstance(value, list) or len(value) != 2 or None in map(real, value):
            return "-"
        return self("ends", low=number(value[0], 2), high=number(value[1], 2))


def number(value: object, digits: int = 3) -> str:
    """Give a number of a record as it is shown."""
    known = real(value)
    return "-" if known is None else f"{known:.{digits}f}"


def plain(text: object) -> str:
    """Give a text without what cannot be printed: no control, no sign that turns the line."""
    return "".join(one if one.isprintable() else "\ufffd" for one in str(text))
