"""What training and app promise each other: pictures, pixels, cards, logs, files and errors.

Needs numpy and Pillow only. It knows neither torch nor onnxruntime, and imports neither wing;
each of its modules is imported by name (`from cyclegan.contract.card import ModelCard`).
"""
