"""Names that no family may take: they are pages, tables, realms or words of SQL already."""

_OURS = """
    all api cases city devices docs findings health index login logout meta metrics again session sessions
    static system
"""
_SQL = """
    all analyse analyze and any array as asc asymmetric begin both case cast check collate column constraint
    create current database default deferrable delete desc describe distinct do drop else end except false
    fetch for foreign from glob group having in initially insert intersect into lambda lateral leading limit
    not null offset on only or order pivot placing primary qualify references returning row rows schema select
    show some summarize symmetric table then to trailing true union unique unpivot update using variadic view
    when where window with
"""
NOT_FAMILIES = frozenset(f"{_OURS} {_SQL}".split())
