"""The words of the pages in English and Korean."""

from collections.abc import Mapping

from blemish.web.words_teach import TEACH
from blemish.web.words_wafers import WAFERS

LANGUAGES = {"en": "English", "ko": "한국어"}

REASONS: Mapping[str, str] = {
    "near": "near the threshold",
    "rare": "unusual look",
    "disagreement": "models disagree",
    "partial": "looked at in part",
}
"""Why a picture needs a person, as its card says it."""

KOREAN: Mapping[str, str] = {
    **TEACH,
    **WAFERS,
    "Inspect": "검사",
    "Review": "검토",
    "Models": "모델",
    "Export": "내보내기",
    "Log in": "로그인",
    "Log out": "로그아웃",
    "Name": "이름",
    "Password": "비밀번호",
    "Name or password is wrong.": "이름이나 비밀번호가 틀립니다.",
    "Too many tries; wait a while and try again.": "시도가 너무 많습니다. 잠시 후 다시 하십시오.",
    "Language": "언어",
    "Drop pictures here, or choose them": "사진을 여기에 놓거나 고르십시오",
    "PNG, JPEG, BMP or TIFF; each is looked at as soon as it has come.": (
        "PNG, JPEG, BMP, TIFF. 도착하는 대로 검사합니다."
    ),
    "Choose pictures": "사진 고르기",
    "Send": "보내기",
    "Looked at": "검사함",
    "Waiting": "대기",
    "Queue": "대기열",
    "Latest pictures": "최근 사진",
    "No pictures yet.": "아직 사진이 없습니다.",
    "finds": "개 발견",
    "find": "개 발견",
    "clean": "깨끗함",
    "waiting": "대기 중",
    "failed": "실패",
    "reviewed": "검토됨",
    "open": "미정",
    "accepted": "맞음",
    "rejected": "틀림",
    "Pictures that need a person most come first; each says why.": (
        "사람이 봐야 할 사진이 먼저 나오며, 그 까닭이 사진마다 적혀 있습니다."
    ),
    "To review": "검토할 것",
    "All": "모두",
    "Nothing is left to review.": "검토할 것이 없습니다.",
    "Previous": "이전",
    "Next": "다음",
    "Accept": "맞음",
    "Reject": "틀림",
    "Next find": "다음 표시",
    "Reviewed, next picture": "검토 완료, 다음 사진",
    "Open again": "다시 열기",
    "Finds": "발견",
    "Found by {model}": "검사 모델: {model}",
    "Labels": "라벨",
    "Class": "종류",
    "Score": "점수",
    "Place": "위치",
    "Verdict": "판정",
    "Keys": "단축키",
    "Nothing was found in this picture.": "이 사진에서는 발견된 것이 없습니다.",
    "Another person changed this picture; it is loaded again.": (
        "다른 사람이 이 사진을 바꿨습니다. 다시 불러옵니다."
    ),
    "Finds are not judged yet: accept or reject each first.": (
        "아직 판정하지 않은 발견이 있습니다. 하나씩 맞음 또는 틀림을 정하십시오."
    ),
    "It could not be kept: ": "저장하지 못했습니다: ",
    "Kept.": "저장했습니다.",
    "live": "사용 중",
    "Let it look": "이 모델 사용",
    "Classes": "종류",
    "Threshold": "문턱값",
    "Added": "추가됨",
    "The model's card": "모델 설명",
    "Labels of reviewed pictures": "검토된 사진의 라벨",
    "pictures reviewed": "장 검토됨",
    "with the pictures": "사진 포함",
    "Finds of all pictures": "모든 사진의 발견",
    "Download": "내려받기",
    "A clean picture has no boxes; a picture that is not reviewed is left out.": (
        "깨끗한 사진은 상자가 없고, 검토되지 않은 사진은 빠집니다."
    ),
    "Page": "쪽",
    "There is a problem": "문제가 있습니다",
    "This page is not there.": "이 쪽은 없습니다.",
    "You may look but not change anything.": "보기만 할 수 있습니다.",
    "Zoom": "확대",
    "near the threshold": "문턱값 근처",
    "unusual look": "드문 모습",
    "models disagree": "모델 간 불일치",
    "looked at in part": "일부만 검사함",
    "Skip to the content": "본문으로",
    "Draw and change boxes": "상자 그리기와 고치기",
    "The editor is not built": "편집기가 빌드되지 않았습니다",
    "This is a source checkout. With Node 20 or later the editor is built by:": (
        "소스에서 실행 중입니다. Node 20 이상이 있으면 다음 명령으로 편집기를 빌드합니다:"
    ),
    "Judge the finds without it": "편집기 없이 판정하기",
    "The editor needs scripts; this page does without.": (
        "편집기에는 스크립트가 필요합니다. 이 페이지는 스크립트 없이도 됩니다."
    ),
}


def translate(text: str, language: str) -> str:
    """Give a text of the pages in a language; English where there is no other."""
    return KOREAN.get(text, text) if language == "ko" else text


def choose_language(cookie: str, accepted: str) -> str:
    """Give the language that was chosen, or the first of those a browser accepts that there is.

    ``accepted`` is an Accept-Language header (RFC 9110, 12.5.4).
    """
    if cookie in LANGUAGES:
        return cookie
    wishes = []
    for place, part in enumerate(accepted.split(",")[:20]):
        tag, _, weight = part.partition(";")
        name = tag.strip().lower().split("-")[0]
        try:
            share = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            share = 0.0
        if name in LANGUAGES and share > 0:
            wishes.append((-share, place, name))
    return min(wishes)[2] if wishes else "en"
