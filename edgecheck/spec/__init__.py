"""The spec: one YAML file that says how a model was trained to be fed, read, and judged.

source.py     bytes -> text
nodes.py      text -> YAML node tree; its plain scalars are those of scalars.py
document.py   node tree -> plain values, and the place of each
model.py      the typed content; its steps are in steps.py, on base.py and presets.py
problems.py   pydantic's errors in plain words and at their places; wording.py shows values
load.py       file -> LoadedSpec, or every problem at once
schema.py     JSON Schema of the same classes
"""
