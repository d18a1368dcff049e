"""Rules for what, which, who and whose: names, sentences, objects, subjects, identity."""

from unifiedqa_convert.declare.rules_rule import Rule

CALLED = (
    Rule(
        when="what be:BE subj:SPAN verb:called|termed|named rest:ANY",
        say="[subj] [be] [verb] [raw] [rest]",
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
        say="[subj] [are] called [raw]",
        examples=(
            (
                "What do you call the place where bread is baked?",
                "bakery",
                "The place where bread is baked is called bakery.",
            ),
        ),
    ),
)

SENTENCE = (
    Rule(
        when="ANY",
        given="reply",
        say="[reply]",
        examples=(
            ("Are toads fish?", "No, toads are not fish.", "Toads are not fish."),
            ("Can owls see?", "Yes, they see well.", "They see well."),
        ),
    ),
    Rule(
        when="ANY",
        given="sentence",
        say="[told]",
        examples=(
            (
                "What does a red flag on the beach mean?",
                "A red flag on the beach means danger.",
                "A red flag on the beach means danger.",
            ),
        ),
    ),
    Rule(
        when="what|which of? the? following|these? statement|statements|sentence? ADV* "
        "explains|explain|describes why rest:SPAN",
        given="sentence",
        say="[rest] because [raw]",
        examples=(
            (
                "Which statement best explains why the pond froze?",
                "The night was cold.",
                "The pond froze because the night was cold.",
            ),
        ),
    ),
    Rule(
        when="what aux:will|would|might|could happen to who:SPAN",
        given="sentence",
        say="[become]",
        examples=(
            (
                "What will happen to Noor?",
                "she will lose her keys",
                "Noor will lose her keys.",
            ),
        ),
    ),
    Rule(
        when="what|which aux:AUX? adv:ADV* "
        "verb:happen|happens|happened|occur|occurs|occurred to rest:SPAN",
        given="sentence",
        say="what [aux] [adv] [verb] to [rest] is that [raw]",
        examples=(
            (
                "What will happen to a leaf that gets no light?",
                "The leaf will turn yellow.",
                "What will happen to a leaf that gets no light is that the leaf will turn yellow.",
            ),
        ),
    ),
    Rule(
        when="what|which aux:AUX? adv:ADV+ "
        "verb:happen|happens|happened|occur|occurs|occurred rest:ANY",
        given="sentence",
        say="what [aux] [adv] [verb] [rest] is that [raw]",
        examples=(
            (
                "When a pot is left on the fire, what most likely happens?",
                "The soup boils over.",
                "When a pot is left on the fire, what most likely happens is that the soup boils "
                "over.",
            ),
        ),
    ),
    Rule(
        when="what happens|occurs|happened|occurred rest:ANY",
        given="sentence",
        say="[raw] [rest]",
        examples=(
            (
                "What happens when ice is heated?",
                "The ice melts.",
                "The ice melts when ice is heated.",
            ),
        ),
    ),
    Rule(
        when="what be:BE going|likely|about to happen to who:SPAN",
        given="verb verb-s verb-ed",
        say="[who] [be] going to [base]",
        examples=(
            ("What is going to happen to Noor?", "lose a key", "Noor is going to lose a key."),
        ),
    ),
    Rule(
        when="what happens|happened to who:SPAN",
        given="verb-s verb-ed",
        say="[who] [raw]",
        examples=(("What happened to Noor?", "was late for work", "Noor was late for work."),),
    ),
    Rule(
        when="what aux:will|would|might|could happen to who:SPAN",
        given="adjective",
        say="[who] [aux] be [raw]",
        examples=(("What will happen to Noor?", "sad", "Noor will be sad."),),
    ),
    Rule(
        when="what aux:will|would|might|could happen to who:SPAN",
        given="verb verb-s verb-ed noun",
        say="[who] [aux] [base]",
        examples=(
            ("What will happen to Noor?", "fall asleep", "Noor will fall asleep."),
            ("What might happen to Noor?", "likes the book", "Noor might like the book."),
        ),
    ),
    Rule(
        when="what must|should|will|would|can happen|occur rest:ANY",
        given="sentence",
        say="[raw] [rest]",
        examples=(
            (
                "What must happen before a cake is served?",
                "The cake must be baked.",
                "The cake must be baked before a cake is served.",
            ),
        ),
    ),
    Rule(
        when="what|which head:question aux:AUX? pred:PRED",
        given="question",
        say="the question of [raw] [aux] [pred]",
        examples=(
            (
                "Which question could be answered with a thermometer?",
                "How warm is the soup?",
                "The question of how warm is the soup could be answered with a thermometer.",
            ),
        ),
    ),
    Rule(
        when="what|which of? the? following|these|those? "
        "head:evidence|statement|statements|fact|facts|observation|observations|conclusion|"
        "conclusions|hypothesis|hypotheses|claim|claims "
        "aux:AUX? pred:PRED",
        given="sentence",
        say="the [one] that [raw] [agreeing]",
        examples=(
            (
                "Which evidence shows that the tree is old?",
                "The trunk has many rings.",
                "The evidence that the trunk has many rings shows that the tree is old.",
            ),
        ),
    ),
    Rule(
        when="which|what of the? following|these|those head:HEAD? aux:AUX? pred:PRED",
        given="sentence",
        say="that [raw] [aux] [pred]",
        examples=(
            (
                "Which of the following best describes a pond in winter?",
                "It is covered with ice.",
                "That it is covered with ice best describes a pond in winter.",
            ),
        ),
    ),
    Rule(
        when="what|which be:BE article:the|a|an|another|one rest:SPAN",
        given="sentence",
        say="[article] [rest] [be] that [raw]",
        examples=(
            (
                "Which is the best sign that the pond froze?",
                "A boy walked over it.",
                "The best sign that the pond froze is that a boy walked over it.",
            ),
        ),
    ),
    Rule(
        when="what|which be:BE adv:ADV+ article:the|a|an|another|one rest:SPAN",
        given="sentence",
        say="that [raw] [be] [adv] [article] [rest]",
        examples=(
            (
                "Which is most likely a cause of the flood?",
                "The dam broke.",
                "That the dam broke is most likely a cause of the flood.",
            ),
        ),
    ),
    Rule(
        when="which|what of the? following|these|those head:HEAD? be:BE rest:SPAN",
        given="sentence",
        say="that [raw] [be] [rest]",
        examples=(
            (
                "Which of these is an example of play?",
                "Two puppies chase a ball.",
                "That two puppies chase a ball is an example of play.",
            ),
        ),
    ),
    Rule(
        when="which aux:AUX? pred:PRED",
        given="sentence",
        say="that [raw] [aux] [pred]",
        examples=(
            (
                "Which most likely caused the flood?",
                "The dam broke.",
                "That the dam broke most likely caused the flood.",
            ),
        ),
    ),
    Rule(
        when="what aux:AUX? pred:PRED",
        given="sentence",
        say="what [aux] [pred] is that [raw]",
        examples=(
            (
                "What most likely caused the flood?",
                "The dam broke.",
                "What most likely caused the flood is that the dam broke.",
            ),
        ),
    ),
    Rule(
        when="what aux:DO|MODAL subj:SUBJ pred:PRED",
        given="sentence",
        say="[done]",
        examples=(
            (
                "What should the guests do now?",
                "The guests should go home.",
                "The guests should go home now.",
            ),
        ),
    ),
    Rule(
        when="what aux:DO|MODAL subj:SUBJ pred:PRED",
        given="sentence",
        say="what [doing] is that [raw]",
        examples=(
            (
                "What does a heavy load do to a cart?",
                "It slows the cart.",
                "What a heavy load does to a cart is that it slows the cart.",
            ),
            (
                "What do the twins have in common?",
                "They both sing.",
                "What the twins have in common is that they both sing.",
            ),
        ),
    ),
    Rule(
        when="what|which head:HEAD aux:AUX? pred:PRED",
        given="sentence",
        say="the [head] that [aux] [pred] is that [raw]",
        examples=(
            (
                "Which other trait keeps a fox warm?",
                "The fox has thick fur.",
                "The other trait that keeps a fox warm is that the fox has thick fur.",
            ),
        ),
    ),
    Rule(
        when="what|which head:HEAD be:BE rest:SPAN",
        given="sentence",
        say="the [head] that [raw] [be] [rest]",
        examples=(
            (
                "Which reason is the best?",
                "The shop was closed.",
                "The reason that the shop was closed is the best.",
            ),
        ),
    ),
)

WHAT = (
    Rule(
        when="what|which year|decade|century aux:AUX subj:SUBJ pred:PRED",
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
    # Objects.
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
            ("What is a ladle used for?", "serving soup", "A ladle is used for serving soup."),
            ("What is a compass used to find?", "north", "A compass is used to find north."),
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
        when="what|which|who aux:AUX? pred:PRED",
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
