"""The content of a spec, version 1, as typed and immutable data."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from edgecheck.spec.base import (
    BY_NAME,
    LIST,
    MANY,
    ONE,
    SINGLE,
    Misfit,
    Part,
    Text,
    form_of,
    list_or_by_name,
    single_or_by_name,
)
from edgecheck.spec.steps import Step
from edgecheck.spec.wording import found

RUNTIME_PATTERN = r"^(litert|tflite-runtime|tensorflow|tflm)(==[0-9][0-9A-Za-z.+-]*)?$"

Labels: TypeAlias = Annotated[
    Annotated[Text, Tag(ONE)] | Annotated[tuple[str, ...], Field(min_length=1), Tag(MANY)],
    Discriminator(form_of),
]
"""A labels file, or the labels themselves."""


Layout: TypeAlias = Literal["NHWC", "NCHW"]
"""Whether channels come last (NHWC) or first (NCHW)."""


Columns: TypeAlias = Annotated[tuple[Text, ...], Field(min_length=1)]
"""Names of columns, in order."""


class ModelSpec(Part):
    """The model: what it is for, and what it was made from."""

    task: Literal[
        "classification",
        "regression",
        "detection",
        "segmentation",
        "embedding",
        "autoencoder",
        "other",
    ]
    """What the model does; it decides how outputs are compared."""
    reference: Text | None = None
    """The trained model that the candidate came from: a path, relative to the spec; or, as on the
    command line, `twin` or `none`."""
    reference_signature: Text | None = None
    """The signature of the reference, where it has another name than the candidate's `signature`."""
    labels: Labels | None = None
    """Class names in the order of the outputs: a file with one a line, or a list."""
    quantization: Literal["none", "float16", "dynamic-range", "full-integer", "int16x8"] | None = (
        None
    )
    """The quantization that the candidate is meant to have; checked against the file."""


class InputSpec(Part):
    """One input of the model, and how a sample becomes its values."""

    kind: Literal["image", "array", "table", "audio"]
    """image: image files; array: numeric arrays; table: columns of a .csv; audio: .wav files."""
    shape: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    """Shape of one sample as training saw it, without the batch axis, in elements."""
    layout: Layout | None = None
    """Whether channels come last (NHWC) or first (NCHW) in the input of the model."""
    reference_layout: Layout | None = None
    """The same for the input of the reference, where that is another: NCHW of an ONNX file whose
    .tflite is NHWC. It is never guessed."""
    reference_name: Text | None = None
    """Name of this input in the reference, where that is another."""
    sample_rate: Annotated[int, Field(ge=1000, le=384_000)] | None = None
    """Of audio, in Hz, as training saw it. Files of another rate need a `resample` step."""
    range: tuple[float, float] | None = None
    """[lowest, highest] value that the steps promise to produce."""
    steps: tuple[Step, ...] = ()
    """Preprocessing steps, in the order in which training applied them."""

    @model_validator(mode="after")
    def _range_is_ordered(self) -> "InputSpec":
        if self.range and not self.range[0] < self.range[1]:
            low, high = self.range
            raise Misfit(("range",), f"found [{low:g}, {high:g}], expected [lowest, highest]")
        return self


class DatasetSpec(Part):
    """Representative samples."""

    path: Annotated[
        Annotated[Text, Tag(SINGLE)]
        | Annotated[dict[str, Text], Field(min_length=1), Tag(BY_NAME)],
        Discriminator(single_or_by_name),
    ]
    """Files, folders or a pattern such as `images/*.png`, relative to the spec, or a URL.

    With several inputs from files: input name -> path; files of one stem make one sample.
    """
    labels: (
        Annotated[Annotated[Text, Tag(ONE)] | Annotated[Columns, Tag(MANY)], Discriminator(form_of)]
        | None
    ) = None
    """Where the truth is: a file relative to the spec, a key of an .npz file, a column of a .csv
    (several for several targets), or `folders`: each folder holds the files of one class."""
    arrays: dict[str, Text] | None = None
    """Input name -> key of the .npz file; by default the input's own name."""
    features: (
        Annotated[
            Annotated[Columns, Tag(LIST)]
            | Annotated[dict[str, Columns], Field(min_length=1), Tag(BY_NAME)],
            Discriminator(list_or_by_name),
        ]
        | None
    ) = None
    """Columns of a .csv that are fed, in this order; all but the labels when absent.

    With several inputs: input name -> columns.
    """
    limit: Annotated[int, Field(ge=1)] | None = None
    """Largest number of samples to use; all when absent."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the draw when `limit` leaves samples out."""
    order: Literal["seeded", "file"] = "seeded"
    """Which samples `limit` keeps: a seeded draw, or the first ones."""


class TargetSpec(Part):
    """What the candidate will run on."""

    device: Text | None = None
    """Name of a device profile."""
    runtime: Annotated[str, Field(pattern=RUNTIME_PATTERN)] | None = None
    """Runtime on the device, with its version if known: `tflite-runtime==2.14.0`."""


class Tolerances(Part):
    """How far the candidate may be from the reference; defaults apply where one is absent."""

    agreement: Annotated[float, Field(ge=0, le=1)] | None = None
    """Smallest share of samples with the same top class as the reference, 0 to 1."""
    sqnr_db: float | None = None
    """Smallest signal-to-quantization-noise ratio of the output, in dB."""
    cosine_p5: Annotated[float, Field(ge=-1, le=1)] | None = None
    """Smallest 5th percentile over samples of the cosine similarity, -1 to 1."""
    kl_median: Annotated[float, Field(ge=0)] | None = None
    """Largest median over samples of the Kullback-Leibler divergence, in nats."""
    accuracy_drop: Annotated[float, Field(ge=0, le=1)] | None = None
    """Largest loss of accuracy against the reference, as a share: 0.01 is one point."""


class IgnoreEntry(Part):
    """A rule whose findings are accepted."""

    rule: Text
    """Name of the rule, as `edgecheck rules` lists it."""
    reason: Text
    """Why its findings are acceptable here; shown in the report."""


class OutputSpec(Part):
    """One output of the model, where it cannot be read off the file."""

    activation: Literal["softmax", "sigmoid", "none"] | None = None
    """What was applied last to this output; none means logits or raw values."""
    threshold: float | None = None
    """Decision threshold of the application, in the unit of the output."""
    primary: bool = False
    """Whether the headline metrics are those of this output."""
    groups: dict[str, tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]]] | None = None
    """Group name -> [first, end) along `axis`; each is judged apart: boxes [0, 4], scores [4, 85]."""
    reference_layout: Layout | None = None
    """Layout of this output in the reference, where the candidate has it in the other one."""
    reference_name: Text | None = None
    """Name of this output in the reference, where that is another."""
    axis: int = -1
    """The axis that `groups` and classes run along, the batch axis counted; -1 is the last."""

    @model_validator(mode="after")
    def _groups_are_ordered(self) -> "OutputSpec":
        for name, (first, end) in (self.groups or {}).items():
            if end <= first:
                raise Misfit(("groups", name), f"found [{first}, {end}], expected [first, end)")
        return self


class Spec(Part):
    """How a model was trained to be fed, read and judged."""

    version: Literal[1]
    """Version of this format."""
    model: ModelSpec
    """The model."""
    inputs: dict[str, InputSpec] = Field(min_length=1)
    """Input name (of the tensor or signature; any name when there is only one) -> input."""
    dataset: DatasetSpec | None = None
    """Representative samples; without them only static checks can run."""
    target: TargetSpec | None = None
    """What the candidate will run on."""
    tolerances: Tolerances | None = None
    """How far the candidate may be from the reference."""
    ignore: tuple[IgnoreEntry, ...] = ()
    """Rules whose findings are accepted, each with a reason."""
    outputs: dict[str, OutputSpec] = Field(default_factory=dict)
    """Output name -> output, where something cannot be read off the file."""
    state: Literal["reset", "stream"] = "reset"
    """reset: variables of a stateful model are reset before each sample; stream: all samples, in
    the order of the dataset, are one sequence."""
    signature: Text | None = None
    """Signature to run; the model's only or default one when absent."""

    @field_validator("version", mode="before")
    @classmethod
    def _version_is_integer(cls, version: object) -> object:
        """Refuse `true` and `1.0`, which Python takes for equal to 1."""
        if type(version) is not int:
            raise ValueError(f"found {found(version)}, expected 1")
        return version

    @model_validator(mode="after")
    def _one_primary_output(self) -> "Spec":
        primary = [name for name, output in self.outputs.items() if output.primary]
        if len(primary) > 1:
            raise Misfit(
                ("outputs", primary[1], "primary"),
                f"only one output can be primary, and '{primary[0]}' is already",
            )
        return self
