"""Rules for sentences with a gap: blanks, question words inside, unfinished stems."""

from unifiedqa_convert.question_converters.rules.pattern import Rule

BLANK = (
    Rule(
        when="left:ANY BLANK right:ANY",
        say="[left] [raw] [right]",
        examples=(
            ("A spider has ____ legs.", "eight", "A spider has eight legs."),
            ("___ is a primary colour.", "blue", "Blue is a primary colour."),
        ),
    ),
)

SITU = (
    Rule(
        when="left:SPAN do:do|does|did|doing|done what to right:SPAN",
        given="verb verb-s verb-ing adjective noun",
        say="[left] [handled]",
        examples=(
            (
                "A rake does what to the leaves?",
                "pushes them together",
                "A rake pushes the leaves together.",
            ),
            (
                "Polishing silver means doing what to it?",
                "rubbing",
                "Polishing silver means rubbing it.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN do:do|does|did|doing|done what|which right:ANY",
        say="[left] [like] [right]",
        examples=(
            (
                "When it rains, the gardener does what?",
                "stays inside",
                "When it rains, the gardener stays inside.",
            ),
            ("A magnet can do what?", "attract iron", "A magnet can attract iron."),
        ),
    ),
    Rule(
        when="left:SPAN how many|much head:NOUNS right:ANY",
        say="[left] [named] [right]",
        examples=(("A cube has how many faces?", "six", "A cube has six faces."),),
    ),
    Rule(
        when="left:SPAN what|whom|who else?",
        say="[left] [situ]",
        examples=(
            ("Bread is made mostly of what?", "flour", "Bread is made mostly of flour."),
            ("A stew holds meat and what else?", "carrots", "A stew holds meat and carrots."),
            (
                "They saw what the sea could do and feared the what?",
                "waves",
                "They saw what the sea could do and feared the waves.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN det:the|its|his|her|their|my|your|our what verb:FINITE right:ANY",
        mark="?",
        say="[left] [det] [raw] [verb] [right]",
        examples=(
            (
                "A kettle whistles because its what escapes?",
                "steam",
                "A kettle whistles because its steam escapes.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN what|whose head:NOUNS right:ANY",
        say="[left] [situ] [right]",
        examples=(
            ("A canoe is moved by what kind of tool?", "paddle", "A canoe is moved by a paddle."),
            ("Cacti grow in what type of soil?", "sandy", "Cacti grow in sandy soil."),
            (
                "The drill turns electricity into what other form of energy?",
                "thermal",
                "The drill turns electricity into thermal energy.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN what right:ANY",
        say="[left] [situ] [right]",
        examples=(
            (
                "Soup is kept in what until noon?",
                "kettle",
                "Soup is kept in a kettle until noon.",
            ),
            (
                "The boat was tied to the what at night?",
                "pier",
                "The boat was tied to the pier at night.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN what|whom|who else? right:ANY",
        mark="?",
        say="[left] [situ] [right]",
        examples=(
            (
                "The song was sung by whom at noon?",
                "a monk",
                "The song was sung by a monk at noon.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN which of the? following|these head:NOUNS? right:ANY",
        say="[left] [answer] [right]",
        examples=(
            (
                "A sail is pushed by which of the following forces?",
                "wind",
                "A sail is pushed by wind.",
            ),
            (
                "A quilt is the result of which of these crafts?",
                "sewing",
                "A quilt is the result of sewing.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN which of DET|POSSESSIVE* head:NOUNS right:ANY",
        mark="?",
        say="[left] [situ] [right]",
        examples=(
            (
                "The arrow points to which of the town's two gates?",
                "the old gate",
                "The arrow points to the old gate.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN about:about|approximately|roughly? "
        "how long|far|tall|deep|high|wide|old|often|fast|big|heavy|hot right:ANY",
        mark="?",
        say="[left] [about] [raw] [right]",
        examples=(
            (
                "The pier sticks out how far at low tide?",
                "forty feet",
                "The pier sticks out forty feet at low tide.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN how",
        mark="?",
        given="adjective place",
        say="[left] [raw]",
        examples=(
            (
                "The bats in the loft were sleeping how?",
                "on their toes",
                "The bats in the loft were sleeping on their toes.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN do this",
        mark="?",
        say="[left] [base]",
        examples=(
            (
                "A penguin has wings but does not do this?",
                "fly",
                "A penguin has wings but does not fly.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN which head:NOUNS right:ANY",
        mark="?",
        say="[left] [situ] [right]",
        examples=(("Frogs belong to which group?", "amphibians", "Frogs belong to amphibians."),),
    ),
    Rule(
        when="left:SPAN this kind|type|form|sort of head:NOUNS",
        given="noun adjective",
        say="[left] [situ]",
        examples=(
            (
                "When a pond dries up, it is this form of loss?",
                "natural",
                "When a pond dries up, it is natural loss.",
            ),
            ("Owls hunt this type of animal", "mouse", "Owls hunt a mouse."),
        ),
    ),
    Rule(
        when="left:SPAN this|these",
        mark="?",
        say="[left] [raw]",
        examples=(
            (
                "The bending of light by glass is called this?",
                "refraction",
                "The bending of light by glass is called refraction.",
            ),
        ),
    ),
    Rule(
        when="this be:BE rest:SPAN",
        mark="?",
        say="[answer] [agreed] [rest]",
        examples=(
            (
                "This is a tool for driving nails?",
                "hammer",
                "A hammer is a tool for driving nails.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN where",
        mark="?",
        say="[left] [place]",
        examples=(
            (
                "The children ate their lunch where?",
                "park",
                "The children ate their lunch at the park.",
            ),
            ("The letter came from where?", "Oslo", "The letter came from Oslo."),
        ),
    ),
    Rule(
        when="left:ANY one of these|those right:ANY",
        given="noun",
        say="[left] [answer] [right]",
        examples=(
            (
                "if a hiker carries one of these, she can find north",
                "compass",
                "If a hiker carries a compass, she can find north.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN prep:PREP which",
        mark="?",
        say="[left] [prep] [answer]",
        examples=(
            (
                "All of these are metals except which?",
                "a brick",
                "All of these are metals except a brick.",
            ),
        ),
    ),
    Rule(
        when="left:ANY of these right:ANY",
        mark="?",
        given="noun",
        say="[left] of [raw] [right]",
        examples=(
            (
                "A hen can lay dozens of these per year?",
                "eggs",
                "A hen can lay dozens of eggs per year.",
            ),
        ),
    ),
    Rule(
        when="stem:SPAN last:BE|PREP|DET|ADV|CONJUNCTION|WHEN|called|named|termed|known",
        mark="?",
        say="[stem] [last] [raw]",
        examples=(
            ("A group of wolves is called?", "pack", "A group of wolves is called pack."),
            (
                "Helium balloons rise because of their?",
                "low density",
                "Helium balloons rise because of their low density.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN where right:ANY",
        mark="?",
        say="[left] [place] [right]",
        examples=(
            ("At noon the sun is where in the sky?", "high", "At noon the sun is high in the sky."),
        ),
    ),
)

STEM = (
    Rule(
        when="this be:BE what:something|an|a|one rest:SPAN",
        mark="none",
        given="noun",
        say="[answer] [agreed] [what] [rest]",
        examples=(
            (
                "This is something that keeps the rain off",
                "an umbrella",
                "An umbrella is something that keeps the rain off.",
            ),
        ),
    ),
    Rule(
        when="article:a|an|the|one example:example|instance|sign|cause|use of rest:HEAD",
        mark="none",
        given="noun number verb-ing",
        say="[article] [example] of [rest] is [raw]",
        examples=(
            (
                "An example of a sharp tool",
                "a chisel",
                "An example of a sharp tool is a chisel.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN -|\u2013|\u2014|:",
        say="[left] [raw]",
        examples=(("To cut a board, use -", "a saw", "To cut a board, use a saw."),),
    ),
    Rule(
        when="stem:SPAN",
        mark="none",
        say="[stem] [raw]",
        examples=(
            ("Butter is made by churning", "cream", "Butter is made by churning cream."),
            ("A thermometer", "measures temperature.", "A thermometer measures temperature."),
            ("If it rains,", "the hens hide.", "If it rains, the hens hide."),
            ("The cook cut the pie with a", "axe", "The cook cut the pie with an axe."),
        ),
    ),
    Rule(
        when="stem:SPAN last:VERB|PARTICIPLE|FINITE|ADJ",
        mark="?",
        say="[stem] [last] [raw]",
        examples=(
            (
                "Without water the seedlings become?",
                "dry",
                "Without water the seedlings become dry.",
            ),
        ),
    ),
)
