"""A deployment of another trained model: its float file as reference, a converted one as candidate."""

from dataclasses import replace
from typing import Literal

from faults.case import Deployment, Format, Rows, Untyped
from faults.child import tensorflow


def changed_model(
    site: Deployment,
    job: str,
    *,
    form: Format = "int8",
    reference: Literal["float", "keras", "healthy"] = "float",
    representative: Rows | None = None,
    **arguments: Untyped,
) -> Deployment:
    """With a trained model that a job made of the base's.

    Args:
        site: any deployment.
        job: name of a function of `trained_jobs`, or `module:function`.
        form: of the candidate.
        reference: what the spec names: the float .tflite or the .keras file of the new model, or
            what it names already.
        representative: samples to convert with; the usual ones when None.
        **arguments: of the job.
    """
    base, folder = site.base, site.folder
    keras = folder / "model.keras"
    tensorflow().call(_full(job), source=base.keras, out=keras, **arguments)
    candidate = base.convert(folder / f"{form}.tflite", form, representative, source=keras)
    site = replace(site, candidate=candidate)
    if reference == "healthy":
        return site
    if reference == "keras" or form == "float":
        return site.changed("model", reference=str(keras))
    stated = base.convert(folder / "float.tflite", "float", source=keras)
    return site.changed("model", reference=str(stated))


def loss_of(site: Deployment) -> str:
    """That the base was trained with."""
    if "classes" in site.base.fits:
        return "sparse_categorical_crossentropy"
    return "binary_crossentropy" if "tags" in site.base.fits else "mse"


def _full(job: str) -> str:
    return job if ":" in job else f"faults.injected.trained_jobs:{job}"
