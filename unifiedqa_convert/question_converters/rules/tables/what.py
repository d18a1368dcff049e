"""Rules for what, which, who and whose: names, objects, subjects, identity."""

from unifiedqa_convert.question_converters.rules.pattern import Rule

# "Name the king who …" asks who he was.
NAMED = (
    Rule(
        when="can|could you? name|identify|list|give what:a|an|the rest:SPAN",
        say="[what] [rest] [was] [raw]",
        mark="?",
        given="noun number verb-ing",
        examples=(
            (
                "Can you name the fruit that makers of cider press?",
                "the apple",
                "The fruit that makers of cider press is the apple.",
            ),
        ),
    ),
    Rule(
        when="name|identify what:something|someone|somebody rest:SPAN",
        say="[subject] [was] [what] [rest]",
        given="noun number verb-ing",
        examples=(
            (
                "Name something that keeps soup warm.",
                "a lid",
                "A lid is something that keeps soup warm.",
            ),
        ),
    ),
    Rule(
        when="name|identify what:a|an|one rest:SPAN",
        say="[subject] [was] a [rest]",
        given="noun number verb-ing",
        examples=(
            ("Name a fruit that is yellow.", "banana", "A banana is a fruit that is yellow."),
        ),
    ),
    Rule(
        when="name|identify|list what:NUMBER rest:SPAN",
        say="[subject] are [what] [rest]",
        given="noun",
        examples=(
            (
                "Name two birds that cannot fly.",
                "the ostrich and the emu",
                "The ostrich and the emu are two birds that cannot fly.",
            ),
        ),
    ),
    Rule(
        when="tell me what:the rest:SPAN",
        say="[what] [rest] [was] [raw]",
        given="noun number verb-ing adjective",
        examples=(("Tell me the name of the king.", "Arthur", "The name of the king is Arthur."),),
    ),
    Rule(
        when="name|identify|find|calculate|determine|compute|state what:the rest:SPAN",
        say="[what] [rest] [was] [raw]",
        given="noun number verb-ing adjective",
        examples=(
            (
                "Name the monk who painted the ceiling.",
                "Ivo",
                "The monk who painted the ceiling was Ivo.",
            ),
        ),
    ),
)

CALLED = (
    Rule(
        when="what|who be:BE subj:SPAN named after rest:ANY",
        say="[subj] [be] named after [answer] [rest]",
        examples=(
            ("What was the town named after?", "a river", "The town was named after a river."),
        ),
    ),
    Rule(
        when="what be:BE subj:SPAN verb:called|termed|named rest:ANY",
        given="noun number adjective verb verb-ing verb-s verb-ed place to",
        say="[subj] [be] [verb] [term] [rest]",
        examples=(
            (
                "What is the skin of an apple called?",
                "peel",
                "The skin of an apple is called peel.",
            ),
            (
                "What are young frogs called in spring?",
                "tadpoles",
                "Young frogs are called tadpoles in spring.",
            ),
        ),
    ),
    Rule(
        when="what do|can|would|might we|you|people|scientists call subj:SPAN",
        say="[subj] [are] called [term]",
        given="noun number adjective verb verb-ing verb-s verb-ed",
        examples=(
            (
                "What do you call the act of melting?",
                "fusion",
                "The act of melting is called fusion.",
            ),
            (
                "What do you call a place where bread is baked?",
                "bakery",
                "A place where bread is baked is called a bakery.",
            ),
        ),
    ),
)

WHAT = (
    Rule(
        when="what|who be:BE it that rest:SPAN",
        say="it [be] [answer] that [rest]",
        examples=(
            (
                "What was it that scared the horse?",
                "a snake",
                "It was a snake that scared the horse.",
            ),
        ),
    ),
    Rule(
        when="what be:BE it about:about thing:HEAD that rest:SPAN",
        say="it [be] [answer] that [rest] [about] [thing]",
        examples=(
            (
                "What was it about the house that scared Bo?",
                "the cellar",
                "It was the cellar that scared Bo about the house.",
            ),
        ),
    ),
    Rule(
        when="what does it mean to rest:SPAN",
        say="to [rest] means [raw]",
        examples=(("What does it mean to ebb?", "to flow back", "To ebb means to flow back."),),
    ),
    Rule(
        when="what be:BE subj:i|you|he|she|it|we|they tail:TAIL",
        say="[subj] [be] [answer] [tail]",
        examples=(
            ("What are you if you never lie?", "honest", "You are honest if you never lie."),
        ),
    ),
    Rule(
        when="what be:BE subj:HEAD like rest:ANY",
        say="[subj] [be] [answer] [rest]",
        examples=(
            ("What was the weather like yesterday?", "windy", "The weather was windy yesterday."),
        ),
    ),
    Rule(
        when="what be:BE whose:HEAD job|profession|occupation|trade tail:TAIL",
        given="noun",
        say="[worker] [be] [answer] [tail]",
        examples=(
            (
                "What was Ida's job before she moved?",
                "pilot",
                "Ida was a pilot before she moved.",
            ),
        ),
    ),
    # Colours.
    Rule(
        when="what|which color|colour|colors|colours|nationality|religion|shape be:BE rest:SPAN",
        say="[rest] [be] [raw]",
        examples=(
            (
                "What color is the hat that Bo bought?",
                "Navy blue",
                "The hat that Bo bought is navy blue.",
            ),
        ),
    ),
    # Owners.
    Rule(
        when="whose head:HEAD be:BE it rest:ANY",
        say="it [be] [whose] [rest]",
        examples=(
            ("Whose birthday was it?", "Aunt Sue's", "It was Aunt Sue's birthday."),
            (
                "Whose idea was it to dig a well?",
                "the monk",
                "It was the monk's idea to dig a well.",
            ),
        ),
    ),
    Rule(
        when="whose head:HEAD aux:DO|MODAL|HAVE|BE subj:SUBJ pred:PRED",
        say="[clause<owned]",
        examples=(("Whose car did Bo borrow?", "Ann", "Bo borrowed Ann's car."),),
    ),
    Rule(
        when="whose head:HEAD aux:AUX? pred:PRED",
        say="[whose] [aux] [pred]",
        examples=(("Whose coat was left behind?", "Lena", "Lena's coat was left behind."),),
    ),
    Rule(
        when="whose be:BE rest:SPAN",
        say="[rest] [be] [owner]",
        examples=(("Whose are these boots?", "Omar's", "These boots are Omar's."),),
    ),
    Rule(
        when="prep:PREP whose head:HEAD aux:AUX subj:SUBJ pred:PRED",
        say="[clause<under]",
        examples=(
            (
                "Under whose rule was the wall built?",
                "Adil",
                "The wall was built under Adil's rule.",
            ),
        ),
    ),
    Rule(
        when="what|which head:year|month|day|season aux:BE subj:SUBJ pred:DOING",
        say="[subj] [aux] [pred] [answer]",
        examples=(
            (
                "Which season are the herders enjoying?",
                "spring",
                "The herders are enjoying spring.",
            ),
        ),
    ),
    Rule(
        when="what|which year|decade|century|month|day|date|season aux:AUX subj:SUBJ pred:PRED",
        say="[clause<time]",
        examples=(("What year did the war end?", "1848", "The war ended in 1848."),),
    ),
    # Names.
    Rule(
        when="what be:BE article:the other:ADJ* name:name|names|term|word rest:ANY",
        say="the [other] [name] [rest] [be] [raw]",
        examples=(
            ("What is the term for a young goat?", "kid", "The term for a young goat is kid."),
        ),
    ),
    Rule(
        when="what head:HEAD be:BE there rest:SPAN",
        say="[subject] [agreed] [head] [rest]",
        examples=(
            (
                "What proof is there that the bridge is old?",
                "rusty bolts",
                "Rusty bolts are proof that the bridge is old.",
            ),
        ),
    ),
    Rule(
        when="what|which head:HEAD be:BE subj:this|that|it|these|those",
        given="noun adjective number verb-ing",
        say="[subj] [be] [situ]",
        examples=(
            (
                "The cook holds a blade. What kind of tool is this?",
                "useful",
                "The cook holds a blade. This is a useful tool.",
            ),
        ),
    ),
    Rule(
        when="what kind:kind|type|sort|kinds|types|sorts of head:NOUNS be:BE rest:SUBJ",
        given="noun adjective",
        say="[rest] [be] [kindred]",
        examples=(
            ("What kind of animal is a quokka?", "marsupial", "A quokka is a marsupial."),
            ("What type of person is Bo?", "a shy person", "Bo is a shy person."),
        ),
    ),
    Rule(
        when="what be:BE subj:SPAN article:a|an|the kind:kind|type|part|form|member|sort of",
        say="[subj] [be] [article] [kind] of [answer]",
        examples=(("What is a wheel a part of?", "car", "A wheel is a part of a car."),),
    ),
    Rule(
        when="what do:does|do|did subj:HEAD adv:ADV* do for a living",
        given="noun",
        say="[subj] [being] [adv] [answer]",
        examples=(
            (
                "What does Ann most likely do for a living?",
                "painter",
                "Ann is most likely a painter.",
            ),
        ),
    ),
    # Objects.
    Rule(
        when="what|which time aux:DO|MODAL|HAVE|BE subj:SUBJ pred:PRED",
        say="[clause<time]",
        examples=(("What time does the bus leave?", "9:15", "The bus leaves at 9:15."),),
    ),
    Rule(
        when="what aux:DO|MODAL|HAVE subj:SUBJ pred:PRED",
        say="[clause<object]",
        examples=(
            ("What does a clock show?", "time", "A clock shows time."),
            ("What do bees want to find next?", "pollen", "Bees want to find pollen next."),
            (
                "What did the cook need to do before this?",
                "wash the pan",
                "The cook needed to wash the pan before this.",
            ),
            ("What do robins eat worms with?", "their beaks", "Robins eat worms with their beaks."),
        ),
    ),
    Rule(
        when="what|which head:HEAD aux:DO|MODAL|HAVE subj:SUBJ pred:PRED",
        say="[clause<object]",
        examples=(
            (
                "What part of the car does the mechanic repair?",
                "engine",
                "The mechanic repairs the engine.",
            ),
            ("What type of soil do pines grow in?", "sandy", "Pines grow in sandy soil."),
            (
                "Which tool would a carpenter most likely use to cut a board?",
                "A saw",
                "A carpenter would most likely use a saw to cut a board.",
            ),
        ),
    ),
    Rule(
        when="who|whom aux:DO|MODAL|HAVE subj:SUBJ pred:PRED",
        say="[clause<object]",
        examples=(("Who did the king visit?", "a miller", "The king visited a miller."),),
    ),
    Rule(
        when="what|which|who aux:BE subj:PRONOUN pred:PRED",
        say="[clause<object]",
        examples=(
            (
                "What are they building in the yard?",
                "a shed",
                "They are building a shed in the yard.",
            ),
        ),
    ),
    # Objects of a passive or of a preposition left at the end.
    Rule(
        when="what|which|who head:HEAD? aux:BE subj:SUBJ pred:GAPPED",
        say="[clause<object]",
        examples=(
            ("What is the girl doing?", "reading a book", "The girl is reading a book."),
            ("What is a ladle used for?", "serving soup", "A ladle is used for serving soup."),
            ("What is a compass used to find?", "north", "A compass is used to find north."),
        ),
    ),
    # Something that is being done, or can be done.
    Rule(
        when="what|which|who head:NOUNS? aux:BE subj:SUBJ pred:DOING",
        say="[clause<object]",
        examples=(
            (
                "What was Bo carrying when he fell?",
                "a lamp",
                "Bo was carrying a lamp when he fell.",
            ),
            ("What is an owl able to do at night?", "hunt", "An owl is able to hunt at night."),
        ),
    ),
    Rule(
        when="what aux:BE subj:SUBJ pred:GAPPED prep:in|on|at|during|for|by rest:SPAN",
        say="[clause<object] [prep] [rest]",
        examples=(
            (
                "What are drums made of in the desert?",
                "goat skin",
                "Drums are made of goat skin in the desert.",
            ),
        ),
    ),
    Rule(
        when="what be:BE subj:SPAN how:likely|going|expected|able to verb:VERB prep:PREP?",
        given="noun number verb-ing",
        say="[subj] [be] [how] to [verb] [prep] [answer]",
        examples=(
            (
                "What is a dog that guards sheep going to chase?",
                "wolves",
                "A dog that guards sheep is going to chase wolves.",
            ),
        ),
    ),
    # Subjects.
    Rule(
        when="what|which of the? following|these|those head:HEAD? aux:AUX? pred:PRED",
        say="[subject] [agreeing]",
        examples=(
            ("Which of the following metals conducts best?", "silver", "Silver conducts best."),
            ("Which of these is found in a kitchen?", "stove", "A stove is found in a kitchen."),
        ),
    ),
    Rule(
        when="what|which|who else? aux:AUX? pred:PRED",
        say="[subject] [agreeing]",
        examples=(
            ("Who painted the ceiling?", "a monk", "A monk painted the ceiling."),
            ("What can cause a flood?", "heavy rain", "Heavy rain can cause a flood."),
            ("What saves water?", "fix a tap", "Fixing a tap saves water."),
            ("What catches flies with a web?", "spiders", "Spiders catch flies with a web."),
        ),
    ),
    Rule(
        when="what|which|whose head:HEAD adv:most|least|best|likely|probably|usually|often|mainly* "
        "aux:AUX? pred:PRED",
        say="[subject] [adv] [agreeing]",
        examples=(
            ("Which organ pumps blood?", "heart", "The heart pumps blood."),
            ("What type of weather ruins a picnic?", "rainy", "Rainy weather ruins a picnic."),
            (
                "Which effect most likely would follow?",
                "a flood",
                "A flood most likely would follow.",
            ),
        ),
    ),
    Rule(
        when="what|who be:BE prep:PREP rest:ANY",
        given="noun adjective number verb-ing",
        say="[subject] [agreed] [prep] [rest]",
        examples=(("What is on the table?", "bread", "Bread is on the table."),),
    ),
    # Identity.
    Rule(
        when="which|what of the? following|these|those head:HEAD? be:BE rest:SPAN",
        given="noun adjective number verb-ing place",
        say="[subject] [agreed] [rest]",
        examples=(("Which of these is a tool?", "hammer", "A hammer is a tool."),),
    ),
    Rule(
        when="what|which be:BE adv:ADV* article:a|an|not|another|some|one rest:SPAN",
        given="noun adjective number verb-ing place",
        say="[subject] [agreed] [adv] [article] [rest]",
        examples=(
            ("What is a common cause of rust?", "moisture", "Moisture is a common cause of rust."),
        ),
    ),
    Rule(
        when="what|which be:BE adv:ADV* adj:ADJ rest:SPAN",
        given="noun",
        say="[subject] [agreed] [adv] [adj] [rest]",
        examples=(
            (
                "What are basic needs of every plant?",
                "light and water",
                "Light and water are basic needs of every plant.",
            ),
        ),
    ),
    Rule(
        when="what|which|who of? the? following|these? be:BE rest:SPAN",
        say="[rest] [be] [complement]",
        examples=(
            ("Who was the first king?", "Arthur", "The first king was Arthur."),
            (
                "What is the main job of a root?",
                "To take in water",
                "The main job of a root is to take in water.",
            ),
        ),
    ),
    Rule(
        when="what|which head:HEAD be:BE rest:NOUNS",
        say="[rest] [be] [named]",
        examples=(
            ("What kind of tools are pliers?", "gripping tools", "Pliers are gripping tools."),
        ),
    ),
    Rule(
        when="what|which head:HEAD be:BE rest:SPAN",
        say="[named] [agreed] [rest]",
        examples=(("What part of a house is the top?", "roof", "The roof is the top."),),
    ),
)
