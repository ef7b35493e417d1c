"""Whether the tokens of two models count the same text: only then is a ratio of prices a ratio of bills."""

from audit.catalog.facts import seed, vendor
from audit.catalog.models import model_family


def same_tokenizer(a: str, b: str) -> bool | None:
    """Whether two canonical models cut a text into the same tokens; None where nobody has published it.

    Models of one family count as one. Makers do not share tokenizers, so two makers mean two of them.
    """
    families = [model_family(model.removeprefix("ft:")) for model in (a, b)]
    if families[0] == families[1]:
        return True
    known = {row["model_family"]: row["tokenizer"] for row in seed("tokenizers")}
    one, other = (known.get(family) for family in families)
    if one and other:
        return one == other
    makers = [vendor(family) for family in families]
    return False if all(makers) and makers[0] is not makers[1] else None


def tokenizer_note(a: str, b: str) -> str | None:
    """What to say beside costs of the same token counts on two canonical models; None where they can be compared."""
    same = same_tokenizer(a, b)
    if same:
        return None
    if same is None:
        return (
            f"nobody has published whether {a} and {b} count tokens alike: costs at equal token counts are exact only "
            "if they do"
        )
    return (
        f"{a} and {b} use different tokenizers: the same text is another number of tokens on each, so costs at equal "
        "token counts do not compare the same text; count a sample on both"
    )
