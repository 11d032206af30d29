"""Who stands where on a peace deal: quotes, speakers, stance and sentiment of a news article."""

from typing import Final

__version__: Final = "0.1.0"
