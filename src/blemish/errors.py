"""The error tree: every error a user can cause, each one clear line with the mend in it."""


class BlemishError(Exception):
    """Something the user can mend; its text is one line that names the thing and the mend."""


class UsageError(BlemishError):
    """The call itself cannot be carried out (exit code 2)."""


class PictureError(BlemishError):
    """One picture cannot be read; the others go on."""


class PictureTooLargeError(PictureError):
    """A picture has more pixels than are taken."""


class LabelError(BlemishError):
    """A label file cannot be read; the text names the file and the row."""


class KlarfError(BlemishError):
    """A KLARF file cannot be read; the text names the file and the line."""


class BundleError(BlemishError):
    """A model bundle is missing, damaged or of another format."""


class EngineError(BlemishError):
    """An inference engine is not there, or cannot run the model."""


class ParityError(BlemishError):
    """Two engines give different answers for one model; the export is refused."""


class TrainingError(BlemishError):
    """A training run cannot start or go on."""
