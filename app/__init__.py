"""The app: pictures in, translated pictures out, in the browser and over folders.

Needs onnxruntime, never torch; what it knows of a model is in the model's card.
"""
