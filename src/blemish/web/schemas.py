"""What the calls about pictures take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from blemish.web.tables import Find, Label, Picture

Side = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, examples=[412.5])]


def _check_label(text: str) -> str:
    text = text.strip()
    # A spreadsheet would take a name that begins with = + - @ for a formula.
    if not text or not text.isprintable() or text[0] in "=+-@":
        raise ValueError("a class name has printable letters and does not begin with = + - @")
    return text


ClassName = Annotated[
    str, Field(min_length=1, max_length=100, examples=["spot"]), AfterValidator(_check_label)
]


class _FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Wish(BaseModel):
    """What a caller sends: a name that is not known is a mistake and not passed over."""

    model_config = ConfigDict(extra="forbid")


class PictureInfo(_FromRow):
    """A picture that is kept."""

    id: int = Field(examples=[17])
    name: str = Field(description="as it was called when it came", examples=["w1.png"])
    sha256: str
    num_bytes: int
    width: int = Field(description="0 until it has been looked at")
    height: int
    state: str = Field(description="waiting, done or failed", examples=["done"])
    error: str = Field(description="why it failed or is partial; else empty", examples=[""])
    need: float = Field(description="0 to 1: how much it needs a person; the largest of these")
    near: float = Field(description="0 to 1: a score is near the threshold")
    rare: float = Field(description="0 to 1: it looks unlike the pictures known before")
    disagreement: float = Field(description="0 to 1: another model or a person said otherwise")
    reason: str = Field(
        description="near, rare, disagreement, or partial if not all was looked at; else empty",
        examples=["near"],
    )
    num_finds: int
    reviewed: bool
    revision: int = Field(description="how many times its labels or verdicts changed")
    added_at: datetime
    added_by: str


class Asked(BaseModel):
    """How many pictures wait to be looked at again."""

    count: int


class Page(BaseModel):
    """Some pictures of a list."""

    total: int
    pictures: list[PictureInfo]


class FindInfo(BaseModel):
    """A find and what was said of it."""

    id: int
    x1: float
    y1: float
    x2: float
    y2: float
    score: float
    label: str
    place: dict[str, Any] = Field(description="x_mm and so on, where they are known")
    answer: str = Field(description="accepted, rejected or open", examples=["open"])

    @classmethod
    def of(cls, find: Find, answer: str) -> "FindInfo":
        """Give a find with its answer."""
        sides = {side: getattr(find, side) for side in ("x1", "y1", "x2", "y2", "score", "label")}
        return cls(id=find.id, place=find.place, answer=answer, **sides)


class LabelInfo(_FromRow):
    """A box of a picture as it stands, or (in a history) a change of it."""

    box: int = Field(description="its number in the picture")
    action: str = Field(description="put or remove", examples=["put"])
    x1: float
    y1: float
    x2: float
    y2: float
    label: str
    find_id: int | None
    revision: int
    made_at: datetime
    made_by: str


class Labels(BaseModel):
    """The boxes of a picture, and the revision that a change of them must name."""

    revision: int
    reviewed: bool
    labels: list[LabelInfo]

    @classmethod
    def of(cls, picture: Picture, labels: list[Label]) -> "Labels":
        """Give the boxes of a picture."""
        rows = [LabelInfo.model_validate(label) for label in labels]
        return cls(revision=picture.revision, reviewed=picture.reviewed, labels=rows)


class ModelInfo(_FromRow):
    """A model that has looked or may look."""

    id: int
    name: str
    hash: str
    classes: list[str]
    threshold: float
    live: bool
    added_at: datetime


class Detail(BaseModel):
    """A picture with its finds and boxes."""

    picture: PictureInfo
    facts: dict[str, Any] = Field(description="the picture's row as `find --json` gives it")
    model: ModelInfo | None = Field(description="the one that looked; null before the first look")
    finds: list[FindInfo]
    labels: list[LabelInfo]
    before: int | None = Field(description="the picture that needs a person more")
    after: int | None = Field(description="the picture that needs a person less")


class LabelChange(Wish):
    """One change: `put` without `box` draws one, with it changes that one."""

    action: Literal["put", "remove"]
    box: int | None = Field(None, ge=1, le=2**31 - 1)
    x1: Side = 0.0
    y1: Side = 0.0
    x2: Side = 0.0
    y2: Side = 0.0
    label: ClassName | None = None

    @model_validator(mode="after")
    def _check(self) -> "LabelChange":
        if self.action == "remove":
            if self.box is None:
                raise ValueError("remove needs box")
            return self
        if self.label is None or not (self.x1 < self.x2 and self.y1 < self.y2):
            raise ValueError("put needs label, x1 < x2 and y1 < y2")
        return self


class LabelChanges(Wish):
    """Changes of a picture's boxes, all or none."""

    revision: int = Field(ge=0, le=2**31 - 1, description="the picture's, as it was read")
    changes: list[LabelChange] = Field(min_length=1, max_length=10_000)


class FindVerdict(Wish):
    """What is said of a find."""

    find: int = Field(ge=1, le=2**31 - 1)
    answer: Literal["accepted", "rejected", "open"]


class Verdicts(Wish):
    """What is said of a picture's finds, and whether its labels are now complete."""

    revision: int = Field(ge=0, le=2**31 - 1, description="the picture's, as it was read")
    verdicts: list[FindVerdict] = Field(default_factory=list, max_length=10_000)
    reviewed: bool | None = None


class AuditInfo(_FromRow):
    """A change."""

    id: int
    at: datetime
    who: str
    address: str
    action: str
    subject: str
    details: dict[str, Any]
