"""The bank for lesson 21: compilation."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("expression-gradients", "the last share only", "test-fusion-parts",
        ("collected[a] + share if a in collected else share", "share"),
        says=("wanted (1.5, 1.5)", "on what has come to it")),
    wrong("expression-gradients", "the first share only", "test-fusion-parts",
        ("collected[a] + share if a in collected else share", "collected.get(a, share)"),
        says=("wanted (1.5, 1.5)", "on what has come to it")),
    wrong("expression-gradients", "every part gets the gradient of the end", "test-fusion-parts",
        ("RULES[s.op][i](collected[s], ", "RULES[s.op][i](g, "), says=("wanted (2.0, 6.0)", "on what has come to it")),
    wrong("expression-gradients", "the first rule for every argument", "test-fusion-parts",
        ("RULES[s.op][i]", "RULES[s.op][0]"), says=("wanted (1.5, 1.5)", "on what has come to it")),
    wrong("expression-gradients", "shares multiplied", "test-fusion-parts",
        ("collected[a] + share", "collected[a] * share"), says=("wanted (1.5, 1.5)", "on what has come to it")),
    wrong("expression-gradients", "nothing for an input that is not used", "test-fusion-parts",
        ("collected.get(s, zero)", "collected[s]"), says=("wanted (1.0, 0.0)", "some inputs nothing leads to")),
    wrong("expression-gradients", "from the inputs to the end", "test-fusion-parts",
        ("in reversed(parts)", "in parts"), says=("wanted (1.5, 1.5)", "some inputs nothing leads to")),
    wrong("expression-gradients", "the output made again", "test-fusion-parts",
        ("(collected[s], s, *s.args)", "(collected[s], Symbol(s.pool, s.op, s.args, s.shape), *s.args)"),
        says=("wanted 1", "there is shared, not made again")),
    right("expression-gradients", "zero to begin with", solution="""
    totals = {out: g}
    for s in parts[::-1]:
        if s.op == "input" or s not in leads:
            continue
        for rule, a in zip(RULES[s.op], s.args):
            if a in leads:
                more = rule(totals[s], s, *s.args)
                totals[a] = emit("add", totals.get(a, zero), more)
    return [totals.get(s, zero) for s in inputs]
    """),
    wrong("place-of", "no place is none", "test-fusion-parts", (
            'return "column" if padded[:split] == whole[:split] and math.prod(padded[split:]) == 1 else None',
            'return "column"',
        ), says=("wanted None", "the grid's, each on their own")),
    wrong("place-of", "rows and columns exchanged", "test-fusion-parts", ('return "row"', 'return "column"'),
        ('return "column" if', 'return "row" if'), says=("wanted 'row'", "the grid's, each on their own")),
    wrong("place-of", "a row that is not full", "test-fusion-parts", (" and padded[split:] == whole[split:]", ""),
        says=("wanted None", "the grid's, each on their own")),
    wrong("place-of", "a column that is not full", "test-fusion-parts", ("padded[:split] == whole[:split] and ", ""),
        says=("wanted None", "the grid's, each on their own")),
    wrong("place-of", "a column with many numbers in a row", "test-fusion-parts",
        (" and math.prod(padded[split:]) == 1 else", " else"), says=("wanted None", "the grid's, each on their own")),
    wrong("place-of", "axes that are missing do not count", "test-fusion-parts",
        ("    if padded == whole:\n", "    padded = tuple(shape)\n    if padded == whole:\n"),
        says=("wanted 'row'", "the grid's, each on their own")),
    wrong("place-of", "one number is a row", "test-fusion-parts", ('return "single"', 'return "row"'),
        says=("wanted 'single'", "the grid's, each on their own")),
    right("place-of", "asked from the other end", solution="""
    row, column = padded[:split], padded[split:]
    if padded == whole:
        return "whole"
    one_row, one_column = set(row) <= {1}, set(column) <= {1}
    if one_row and one_column:
        return "single"
    if one_column and row == whole[:split]:
        return "column"
    if one_row and column == whole[split:]:
        return "row"
    """),
    wrong("place-of", "the visible answers typed in", "test-fusion-parts", solution="""
    return {
        ((2, 3, 4), 1): "whole", ((3, 4), 1): "row", ((1, 3, 4), 1): "row", ((4,), 2): "row", ((2, 1, 1), 1): "column",
        ((2, 3, 1), 2): "column", ((1,), 1): "single", ((), 2): "single"}.get((shape, split))
    """, says=("(5, 2) on the grid (5, 2)", "wanted 'whole'")),
]
