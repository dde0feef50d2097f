"""From a picture to its translation as a recipe asks for it.

The network is run in translator.py; reading and writing are in cyclegan.contract.
"""

from dataclasses import replace

from app.recipe import Recipe
from app.translator import Translator
from cyclegan import __version__
from cyclegan.contract.images import Picture
from cyclegan.contract.metadata import Metadata


def render(translator: Translator, recipe: Recipe, picture: Picture) -> Picture:
    """The translation of a picture, of the same size. Raises: ModelError."""
    translated = translator.translate(picture)
    if recipe.background is not None:
        translated = translated.flattened(recipe.background)
    return replace(translated, metadata=_told(translator, recipe, picture.metadata))


def _told(translator: Translator, recipe: Recipe, metadata: Metadata) -> Metadata:
    """What the file of a translation says, its model included."""
    card = translator.card
    signature = f"cyclegan {__version__}, model {card.name}, sha256 {card.sha256}"
    if recipe.strip_gps:
        metadata = metadata.without_place()
    return replace(metadata, software=signature).kept(recipe.metadata)
