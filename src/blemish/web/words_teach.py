"""The words of the Teach page in Korean, by the English ones."""

from collections.abc import Mapping

TEACH: Mapping[str, str] = {
    "Teach": "학습",
    "The live model learns on from the reviewed pictures. What comes of it is compared with the "
    "live model on pictures that are held out, and looks only once it is promoted.": (
        "사용 중인 모델이 검토된 사진으로 더 학습합니다. 결과는 따로 둔 사진에서 사용 중인 모델과 "
        "비교하며, 승격해야 검사에 쓰입니다."
    ),
    "New training": "새 학습",
    "Goes on from": "바탕 모델",
    "Reviewed pictures to learn from": "학습할 검토된 사진",
    "Held out to judge by": "평가용으로 따로 둔 사진",
    "{pictures} with {marks} marks": "{pictures}장, 결함 {marks}개",
    "About one in five is held out. Its content decides, so a picture never changes sides.": (
        "약 다섯 장 중 한 장을 따로 둡니다. 사진의 내용으로 정하므로 바뀌지 않습니다."
    ),
    "Training is not installed on this machine: {modules} missing.": (
        "이 컴퓨터에는 학습 기능이 설치되어 있지 않습니다. 없는 모듈: {modules}."
    ),
    "Too few pictures are reviewed: some must be learned from and some held out.": (
        "검토된 사진이 너무 적습니다. 학습할 사진과 따로 둘 사진이 모두 있어야 합니다."
    ),
    "No picture to learn from has a label: accept finds or draw boxes first.": (
        "학습할 사진에 라벨이 없습니다. 먼저 발견을 맞음으로 판정하거나 상자를 그리십시오."
    ),
    "A training runs already.": "이미 학습이 진행 중입니다.",
    "Minutes of learning": "학습 시간(분)",
    "Start training": "학습 시작",
    "It gives way to finding and goes on when this page is closed.": (
        "검사가 우선이며, 이 쪽을 닫아도 계속됩니다."
    ),
    "Stop the training": "학습 중지",
    "Trainings so far": "지난 학습",
    "Training": "학습",
    "Stopping …": "중지하는 중 …",
    "stopped": "중지됨",
    "Writing the labels": "라벨 쓰기",
    "Learning": "학습",
    "Making a model of it": "모델 만들기",
    "Comparing with the model before": "이전 모델과 비교",
    "pictures: {learned} learned from, {held} held out": "학습 {learned}장, 평가 {held}장",
    "{done} of {all} min": "{all}분 중 {done}분",
    "{minutes} min": "{minutes}분",
    "Curves of the training": "학습 곡선",
    "Loss": "손실",
    "AP@0.5 on the held-out pictures": "따로 둔 사진의 AP@0.5",
    "over minutes of learning": "가로축: 학습 시간(분)",
    "Promote": "승격",
    "Comparison": "비교",
    "New": "새 모델",
    "Before": "이전 모델",
    "Difference": "차이",
    "95 % interval": "95 % 구간",
    "The new model is better.": "새 모델이 더 낫습니다.",
    "The new model is worse.": "새 모델이 더 나쁩니다.",
    "On these few pictures the new model does better.": "이 몇 장에서는 새 모델이 더 낫습니다.",
    "On these few pictures the new model does worse.": "이 몇 장에서는 새 모델이 더 나쁩니다.",
    "Look again at the pictures that are not reviewed": "검토되지 않은 사진을 다시 검사",
    "Measured": "측정값",
    "AP@0.5 {ap50}; {recall} of the marks found at {false} false finds a picture; held-out "
    "pictures: {pictures}": (
        "AP@0.5 {ap50}, 사진당 잘못 찾은 것 {false}개일 때 결함의 {recall} 찾음, 평가 사진 "
        "{pictures}장"
    ),
    "Neither can be called better on these pictures.": (
        "이 사진들로는 어느 쪽이 낫다고 할 수 없습니다."
    ),
    "No held-out picture has a mark: only false finds can be compared.": (
        "따로 둔 사진에 결함이 없어 잘못 찾은 것만 비교할 수 있습니다."
    ),
    "Marks on the held-out pictures ({pictures}): {marks}. The new model finds {new}, the one "
    "before {before}.": (
        "따로 둔 사진 {pictures}장의 결함 {marks}개 중 새 모델은 {new}개, 이전 모델은 {before}개를 "
        "찾습니다."
    ),
    "False finds a picture: {new} against {before}.": (
        "사진당 잘못 찾은 것: 새 모델 {new}, 이전 모델 {before}."
    ),
    "So few pictures say little; review more before you promote.": (
        "사진이 적어 확실하지 않습니다. 승격하기 전에 더 검토하십시오."
    ),
    "Average precision at IoU 0.5": "평균 정밀도 (IoU 0.5)",
    "Average precision at IoU 0.50 to 0.95": "평균 정밀도 (IoU 0.50~0.95)",
    "Share of the marks that are found": "찾은 결함의 비율",
    "Share of the finds that are marks": "발견 중 실제 결함의 비율",
    "False finds a picture": "사진당 잘못 찾은 것",
}
