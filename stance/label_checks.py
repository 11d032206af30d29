"""Are a corpus's labels worth learning? Their spread, what gives them away, and how far annotators agree."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from stance.checks import Check, new_check, share_of
from stance.labels import HEADS
from stance.records import LabelledStatement

# Bounds, each told in docs/labelling-guide.md.
OFF_TARGET_SHARE: Final = (0.15, 0.35)
MIN_SENTIMENT_SHARE: Final = 0.10
MIN_STANCE_SHARE: Final = 0.20
MAX_STANCE_SENTIMENT_V: Final = 0.55
MAX_LENGTH_AUC: Final = 0.70  # 0.5 tells nothing; models take such shortcuts (Gururangan et al., NAACL 2018)
AGREEMENT: Final = (0.80, 0.999)  # below: not reliable (Krippendorff 2004); above: hardly blind


def balance_checks(rows: Sequence[LabelledStatement]) -> Iterator[Check]:
    """Yield checks of how the labels are spread, each with its bound."""
    relevant = [row for row in rows if row.relevance is not None]
    if relevant:
        off = share_of(row.relevance == "off_target" for row in relevant)
        low, high = OFF_TARGET_SHARE
        yield new_check(
            "balance",
            "off-target statements",
            f"{off:.1%}",
            f"{low:.0%} to {high:.0%}",
            "ok" if low <= off <= high else "warning",
            "take statements from the same articles that bear on something else" if off < low else "add statements on the deal",
        )
    on_target = [row for row in rows if row.relevance != "off_target"]
    for head, least in (("stance", MIN_STANCE_SHARE), ("sentiment", MIN_SENTIMENT_SHARE)):
        labels = Counter(label for row in on_target if (label := row.label(head)) is not None)
        if labels:
            rarest = min(HEADS[head], key=lambda label: labels[label])
            share = labels[rarest] / labels.total()
            yield new_check(
                "balance",
                f"rarest {head} on target",
                f"{share:.1%} ({rarest})",
                f"at least {least:.0%}",
                "ok" if share >= least else "warning",
                f"add {rarest} ones",
            )
    both = [(row.stance, row.sentiment) for row in on_target if row.stance and row.sentiment]
    if len({stance for stance, _ in both}) > 1 and len({tone for _, tone in both}) > 1:
        from scipy.stats.contingency import association

        table = [[both.count((stance, tone)) for tone in HEADS["sentiment"]] for stance in HEADS["stance"]]
        table = [row for row in table if any(row)]
        v = float(association([[row[j] for j in range(len(row)) if any(r[j] for r in table)] for row in table], method="cramer"))
        yield new_check(
            "balance",
            "Cramér's V, stance × sentiment",
            f"{v:.2f}",
            f"at most {MAX_STANCE_SENTIMENT_V}",
            "ok" if v <= MAX_STANCE_SENTIMENT_V else "warning",
            "add statements whose tone is not their stance, or the model learns tone alone",
        )


def shortcut_checks(rows: Sequence[LabelledStatement], tokens: Sequence[Sequence[str]]) -> Iterator[Check]:
    """Yield checks of what could be told of relevance without reading."""
    known = [(row.relevance == "off_target", len(words)) for row, words in zip(rows, tokens, strict=True) if row.relevance is not None]
    if len({off for off, _ in known}) == 2:
        from sklearn.metrics import roc_auc_score

        off, lengths = zip(*known, strict=True)
        auc = float(roc_auc_score(off, lengths))
        longer = "on target" if auc < 0.5 else "off target"
        yield new_check(
            "balance",
            "AUC of relevance by length alone",
            f"{max(auc, 1 - auc):.2f} ({longer} is longer)",
            f"at most {MAX_LENGTH_AUC:.2f}",
            "ok" if max(auc, 1 - auc) <= MAX_LENGTH_AUC else "warning",
            f"add short statements {longer} and long ones of the other kind: the model would count words",
        )


def agreement_checks(rows: Sequence[LabelledStatement]) -> Iterator[Check]:
    """Yield checks of how far two annotators agree, by name."""
    names = [name for name, _ in Counter(a.annotator for row in rows for a in row.annotations).most_common(2)]
    by_name = [{a.annotator: a for a in row.annotations} for row in rows]
    double = [tuple(found[name] for name in names) for found in by_name if len(names) == 2 and found.keys() >= set(names)]
    yield new_check(
        "agreement",
        "labelled twice",
        f"{len(double) / len(rows):.0%}",
        "100%",
        "ok" if len(double) == len(rows) else "warning",
        "let a second annotator label blind, so that you know how reliable the labels are",
    )
    for head in HEADS:
        labels = [(first.label(head), second.label(head)) for first, second in double]
        pairs = [(one, other) for one, other in labels if one is not None and other is not None]
        if not pairs:
            continue
        low, high = AGREEMENT
        agreed = f"{share_of(one == other for one, other in pairs):.1%} of {len(pairs):,} agree"
        if len({label for pair in pairs for label in pair}) == 1:
            advice = "one label throughout says nothing of agreement: add other cases"
            yield new_check("agreement", f"Cohen's kappa, {head}", f"undefined ({agreed})", f"{low:.2f} to {high}", "warning", advice)
            continue
        from sklearn.metrics import cohen_kappa_score

        kappa = float(cohen_kappa_score(*zip(*pairs, strict=True), labels=list(HEADS[head])))
        yield new_check(
            "agreement",
            f"Cohen's kappa, {head}",
            f"{kappa:.3f} ({agreed})",
            f"{low:.2f} to {high}",
            "ok" if low <= kappa < high else "warning",
            "sharpen the guide, adjudicate and label again" if kappa < low else "were the annotators blind, and are the cases hard enough?",
        )
