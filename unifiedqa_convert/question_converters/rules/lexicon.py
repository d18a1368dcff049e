"""Word forms from a dictionary (lemminflect), and word lists where the dictionary is not enough.

To correct how the rules treat a word, add it to the list whose comment describes it.
"""

from functools import cache, lru_cache
from importlib import resources

# Only this module uses lemminflect: word → possible lemmas, lemma → inflected form. Its wheel has
# the dictionary (the SPECIALIST lexicon). It has had no release since 2023, so the functions here
# make it replaceable. It is imported at the first use, because loading its tables takes a second.

_IRREGULAR = {
    ("be", "VBZ"): "is",
    ("be", "VBP"): "are",
    ("be", "VBD"): "was",
    ("be", "VBG"): "being",
    ("have", "VBZ"): "has",
    ("do", "VBZ"): "does",
    ("lie", "VBD"): "lay",
    ("lie", "VBN"): "lain",
    ("find", "VBD"): "found",
}
_PAST = (("VBD", "T"), ("VBN", "E"))
_UNCHANGED = {
    **dict.fromkeys(
        "bet burst cast cost cut hit hurt let put quit read rid set shed shut split spread".split(),
        "ETV",
    ),
    **dict.fromkeys("become come overcome run".split(), "EV"),
}


@lru_cache(maxsize=65536)
def lemmas(word: str) -> dict[str, tuple[str, ...]]:
    """Universal part of speech → lemmas; empty for a word that the dictionary lacks."""
    from lemminflect import getAllLemmas

    found: dict[str, tuple[str, ...]] = getAllLemmas(word)
    return found


@lru_cache(maxsize=65536)
def inflect(lemma: str, tag: str) -> str:
    """The form of a verb (VBZ, VBD, VBN, VBG) or noun (NNS); a guess for an unknown word."""
    if (lemma, tag) in _IRREGULAR:
        return _IRREGULAR[lemma, tag]
    forms = _forms(lemma, tag)
    return forms[0] if forms else lemma


@lru_cache(maxsize=65536)
def verb_forms(word: str) -> str:
    """The verb forms that a word can be, as tags: V base, Z -s, T past, E participle, G -ing."""
    letters = ""
    for lemma in lemmas(word).get("VERB", ()):
        if lemma == word:
            letters += _UNCHANGED.get(word, "V")
        elif word.endswith("ing"):
            letters += "G"
        elif word.endswith("ed"):
            letters += "ET"
        elif word.endswith("s"):
            letters += "Z"
        else:
            found = _all_forms(lemma)
            letters += "".join(letter for tag, letter in _PAST if word in found.get(tag, ()))
    return "".join(sorted(set(letters)))


def _forms(lemma: str, tag: str) -> tuple[str, ...]:
    known = _all_forms(lemma).get(tag)
    if known:
        return known
    from lemminflect import getInflection

    forms: tuple[str, ...] = getInflection(lemma, tag)
    return forms


@lru_cache(maxsize=65536)
def _all_forms(lemma: str) -> dict[str, tuple[str, ...]]:
    """Tag → forms, in one look-up for all tags: the dictionary copies what it returns."""
    from lemminflect import getAllInflections

    found: dict[str, tuple[str, ...]] = getAllInflections(lemma)
    return found


def verb_lemma(word: str) -> str:
    """The base form of a verb, or the word itself."""
    found = lemmas(word).get("VERB", ()) or lemmas(word).get("AUX", ())
    return found[0] if found else word


@lru_cache(maxsize=65536)
def noun_number(word: str) -> str:
    """``singular`` (takes an article), ``mass`` (needs none), ``plural``, or ``unknown``."""
    nouns = lemmas(word).get("NOUN", ())
    if not nouns:
        return "unknown"
    if word not in nouns:
        return "plural"
    plurals = _forms(word, "NNS")
    # The dictionary lists an uncountable noun as its own plural ("energy").
    return "mass" if word in plurals else "singular"


@lru_cache(maxsize=65536)
def noun_class(word: str) -> str:
    """``count``, ``mass``, ``both`` or ``unique`` (takes "the"), of the lemma; "" if unknown."""
    table = _noun_table()
    found = (lemma for lemma in (word, *lemmas(word).get("NOUN", ())) if lemma in table[0])
    return next((table[0][lemma] for lemma in found), "")


def placed(noun: str) -> tuple[str, str]:
    """(preposition, article) of a noun that answers "where": ("on", "the") for "porch"."""
    return _noun_table()[1].get(noun, ("in", "a"))


@cache
def _noun_table() -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Noun → class and noun → preposition and article, from the lines of ``nouns.txt``."""
    text = resources.files(__package__).joinpath("nouns.txt").read_text("utf-8")
    kinds: dict[str, str] = {}
    places: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        name, _, listed = line.partition(": ")
        preposition, _, article = name.partition(" ")
        for word in listed.split():
            if article:
                places[word] = (preposition, article.replace("none", ""))
            else:
                kinds[word] = name
    return kinds, places


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BE = _words("is are was were am be been being isn't aren't wasn't weren't 're")
DO = _words("do does did don't doesn't didn't")
HAVE = _words("has have had hasn't haven't hadn't")
MODAL = _words(
    "can could will would shall should may might must cannot can't couldn't won't wouldn't "
    "shouldn't mustn't"
)
WH = _words("what which who whom whose where when why how")

# A statement that starts like its question with one of these answers nothing.
ASKING = _words("what which who whom whose how why is are was were does do did")

DETERMINERS = _words(
    "a an the this that these those my your his her its their our every each some any no all both "
    "many several few another either neither most such enough one's"
)
PRONOUNS = _words(
    "i you he she it we they me him us them someone somebody anyone anybody everyone everybody "
    "something anything everything nothing none nobody one themselves itself himself herself"
)
SUBJECT_PRONOUNS = _words("i you he she it we they someone people")
# He or she, never it.
PERSONS = _words(
    "man woman boy girl child baby mother father mom dad mum brother sister son daughter wife "
    "husband uncle aunt cousin friend neighbor neighbour person narrator author writer speaker "
    "teacher student doctor nurse cook king queen prince princess boss clerk driver farmer soldier "
    "sailor captain lady gentleman guy kid grandfather grandmother grandpa grandma blogger "
    "customer waiter waitress landlord manager owner player singer actor lawyer judge guest "
    "visitor protagonist someone somebody anyone anybody everyone everybody he she who i"
)
PREPOSITIONS = _words(
    "of in on at by for with from to into onto about through during between among against under "
    "over above below within without toward towards across along around behind beneath beside "
    "besides beyond near per upon via than like as except inside outside throughout off out up "
    "down after before until since despite unlike"
)
# Begin a subordinate clause; a place or a time goes before them.
SUBORDINATORS = _words("when while if because although whereas unless once whenever so though")
CONJUNCTIONS = _words("and or but nor")
RELATIVES = _words("that which who whom whose where")
ADVERBS = _words(
    "not never always also often usually typically generally mostly mainly primarily most more "
    "less least likely best first ever even just only actually really originally sometimes "
    "probably commonly now then still already soon too very directly hypothetically normally "
    "currently together better well long far almost about either both all n't"
)
NUMBERS = _words(
    "zero one two three four five six seven eight nine ten eleven twelve twenty thirty forty "
    "fifty hundred thousand million billion dozen half"
)

# Also nouns, but after a subject nearly always the verb.
COMMON_VERBS = _words(
    "use need form cause help work make result occur feed move produce cover control change store "
    "study measure reach release transport start live burn break take give find grow show act "
    "protect carry call say refer mean define describe come go get have do be become contain "
    "include happen lie want feel expect look think know see hear eat drink breathe begin end "
    "keep hold combine mate rely depend consist state transfer convert provide cost turn travel "
    "bind permit allow affect increase decrease reduce supply lead play exhibit display respond "
    "lack enter exit house match return reproduce attack attach support exchange fight drive "
    "spread stop undergo place point date fall rise run set sleep stand surround rank last love "
    "hate hope link harm separate equal represent flow share trap answer"
)
# In the dictionary as verbs, but rarely the main verb.
MOSTLY_NOUNS = _words(
    "oil "
    "plant plants water blood cell cells animal animals organ organs body bodies people earth ice "
    "land air rock rocks wave waves light heat sound sounds fish bone bones wind winds force "
    "forces part parts type types process group groups structure structures surface state states "
    "gas gases scale scales bug bugs ray rays chain chains pattern patterns nerve nerves muscle "
    "muscles root roots stem stems leaf leaves skin tissue tissues product products factor "
    "factors tube tubes mass rate rates ion ions mark name names place places time times level "
    "levels range test tests kind man men shape shapes hand hands head eye eyes face faces pair "
    "pairs bond bonds field fields crystal crystals male species model models question questions"
)

ORDINALS = _words(
    "first second third fourth fifth sixth seventh eighth ninth tenth last next same only"
)
# After a noun, with a preposition after them, rather verbs ("the speaker talks about").
MOSTLY_VERBS = COMMON_VERBS | _words(
    "talk walk speak argue wait sit stay try work stop search laugh learn agree pay melt boil "
    "freeze evaporate condense dissolve expand contract shrink sink float burn dry rust rot decay "
    "leak fade wake win lose die crack explode erupt dissolve vanish disappear arrive escape cry "
    "swim fly crawl jump leave return bark bite spoil ripen bloom migrate hatch hibernate weaken "
    "harden soften thicken widen vary collapse bend dim dip drop grow glow rotate vibrate swell "
    "pass turn contribute float wilt drown starve survive suffer tire worsen improve cool warm "
    "heat stretch snap tear pop"
)

# Words for a class ("type of energy"): the answer replaces them.
KINDS = _words(
    "kind kinds type types sort sorts form forms category categories class classes example "
    "examples variety"
)
# If the question is about one of these, the answer is unique and takes "the".
DEFINITE_HEADS = _words(
    "part organ organelle structure system cycle biome region layer area gland bone body season "
    "side plate membrane era period phase stage direction muscle kingdom section portion "
    "hemisphere planet star cavity component chamber theory law principle field process effect "
    "scale table division lobe nerve vein artery valve"
)
# If the question is about one of these, the answer is a part of something and takes "the" even if
# its noun often has no article ("the skin").
PARTS = _words("part organ organelle layer region gland bone muscle lobe chamber valve nerve vein")
PLURALS = _words(
    "bacteria people data mitochondria criteria phenomena fungi algae larvae nuclei alveoli cilia "
    "flagella stimuli vertebrae antennae hyphae spermatozoa protozoa police scissors trousers "
    "pants glasses goggles tweezers pliers shorts jeans binoculars tongs logs bars soaps vets"
)
# The answer follows with "of" ("the role of predator").
ROLES = _words("role office position post rank")
# A share of something ("percentage of water"): the answer replaces the word, "of water" stays.
SHARES = _words("percent percentage fraction proportion portion")
# Verbs that take a whole sentence as their object ("they learned that …").
TELLING_VERBS = _words(
    "say think know observe find learn believe conclude mean show suggest notice see tell claim "
    "argue hope discover prove feel state report indicate expect assume imply hypothesize infer "
    "realize realise understand remember forget agree explain admit announce predict promise guess "
    "doubt wish warn reveal confirm mention hear dream imagine regret decide complain suspect worry"
)
# What something is for, said with "to": "the purpose of a plough is to turn soil".
AIMS = _words("purpose job function goal aim task duty role reason")
# How two things compare: with "in that" before a clause.
ALIKE = _words("alike similar different like differ same unlike")
# Name something to do: "the advice to rest".
ADVISED = _words(
    "advice suggestion idea plan order instruction decision promise permission offer chance wish "
    "task request recommendation goal dream"
)
# Names that are also words: "Peter is late" is about a man.
NAMES_TOO = _words(
    "peter bill jack mark rob frank rich ray miles bob sue drew nick dean tom harry jay max kelly "
    "molly sally jenny mike don ken sam josh grace pat gene guy will"
)
# With an object and a verb in -ing: "hear a dog | barking".
SENSING_VERBS = _words("see hear find feel notice watch catch smell")
# With "after" rather a verb of its own: "look after", "run after".
LOOKING_VERBS = _words("look run go come name take chase get be last wait stay")
# Denied as a whole: "not all goats swim".
WHOLE = _words("all every everyone everybody everything only")
# "About a third" is a number, "about a dog" is none.
NEARLY = _words("about around over under nearly almost")
FRACTIONS = _words("half third quarter fifth tenth dozen hundred thousand thirds")
# End a predicate after its object: "likes plums | best".
DEGREES = _words("best most least better more farther further faster longer harder higher lower")
# Of a distance, and the beginning of a way: no "in" before them.
UNITS = _words("miles mile km kilometers kilometres meters metres yards feet blocks")
WAYS = _words("back away far straight halfway nowhere somewhere")
# Take two objects: "owe the bank | forty dollars".
GIVING_VERBS = _words(
    "give owe pay cost charge take lend send show offer teach hand bring buy tell ask sell grant "
    "promise feed"
)
# Make someone do something: "ask the boy to | bring a cake".
CAUSING_VERBS = _words(
    "want ask tell force require allow expect order advise persuade urge invite encourage need "
    "warn remind teach instruct beg convince permit command recommend help lead cause get like"
)
# After a verb they belong to it: "give up", "turn off".
PARTICLES = _words("up out off away down over back on in along apart together around")
MONTHS = _words(
    "january february march april may june july august september october november december jan "
    "feb apr jun jul aug sept sep oct nov dec"
)
DAYS = _words("monday tuesday wednesday thursday friday saturday sunday")
SEASONS = _words("spring summer autumn fall winter")
TIMES = (
    MONTHS
    | DAYS
    | SEASONS
    | _words(
        "time times end beginning start day days night morning evening afternoon noon midnight "
        "week month year years century decade age story passage text chapter film movie meantime "
        "past future"
    )
)
# Need no preposition when they answer "when".
WHENS = _words(
    "yesterday today tomorrow tonight now then soon never always sometime someday last next this "
    "every each once twice daily weekly monthly yearly often seldom rarely later earlier"
)
# Unique, or one in each body or cell: with "the".
# As the head of an answer with "the" ("the greenhouse effect").
DEFINITE_ANSWERS = _words("effect principle hypothesis")
UNIQUE_NOUNS = _words(
    "universe sun moon sky earth world ocean sea ground atmosphere environment future past brain "
    "heart liver stomach nucleus skin spleen pancreas cerebellum cerebrum hypothalamus "
    "cytoskeleton cytoplasm epidermis dermis uterus kidney lung bladder skeleton tongue retina "
    "cornea iris pupil lithosphere asthenosphere mantle crust core stratosphere troposphere "
    "mesosphere exosphere thermosphere ozone equator photosphere corona esophagus trachea larynx "
    "pharynx diaphragm cochlea mouth nose internet weather public government placenta thalamus "
    "medulla cerebral cortex brainstem ovary cytosol epiglottis"
)
# Also nouns, but at the start of an answer they begin a verb phrase.
LIGHT_VERBS = _words(
    "say think know want need feel learn leave eat call start begin become let meet teach thank "
    "make go get have take do be give keep find use help see tell ask buy let try save stop "
    "attack hide win"
)
# Nouns with the ending of an adjective.
NOT_ADJECTIVES = _words(
    "animal metal mineral plant crystal hospital journal table cable vegetable element continent "
    "parent student current ant elephant giant rodent nutrient gradient ingredient component star "
    "car jar bar solar capital canal signal mammal general material chemical fabric radical "
    "individual festival diary library dictionary boundary collar scholar antioxidant fish dish "
    "radish instrument pollutant predator mechanic magic reactant agent accident event"
)
# Nouns that need an article, although the dictionary lists them as uncountable.
COUNT_NOUNS = _words(
    "system membrane muscle intestine catalyst structure plant chain plate circuit property metal "
    "shell egg giraffe flower battery lake tiger whale elephant room shop reunion reaction "
    "transition theory law test school church station solution mixture scale store drawer forest "
    "house garden river cave hole tube garage kitchen office building bank bottle box car cavity "
    "body person house day meal copy company price opinion area result chance version response "
    "example agreement opportunity thing spot relationship question issue review message meeting "
    "situation reason option note campaign reputation draft country condition answer voice vehicle "
    "statement salary row reservation report position dog pet pig organization effort "
    "drink description decision brick background witness weakness vacation union title threat tail "
    "string storm animal bird bed cup potato point newspaper method card perspective friend desk "
    "closet cabinet drawer kitchen bedroom backyard basement attic cellar farm field island valley "
    "desert mountain hotel apartment restaurant theater library museum hospital airport shelf "
    "roommate neighbor stranger knife fork spoon pencil hammer telescope microscope thermometer "
    "barometer ruler magnet wire battery engine wheel lever pulley ramp volcano earthquake "
    "hurricane tornado flood drought star planet comet asteroid galaxy telephone computer radio "
    "television lamp candle coin pocket bag backpack suitcase hat coat shirt dress sock ticket "
    "letter book story song picture painting camera clock watch calendar map guitar piano drum "
    "teacher doctor nurse lawyer judge farmer soldier actor dentist cow horse sheep goat cat mouse "
    "rabbit snake lizard frog bee ant spider worm shark whale dolphin eagle owl penguin human "
    "catalyst predator vaccine virus cell seed leaf fruit vegetable sandwich cake pie "
    "vet process trunk stem branch petal cabin tent chair sofa lawn yard park zoo gym church bar "
    "cafe harbor harbour sponge headache dentist city community facility commodity entity "
    "university movie party stone root bone rope bridge"
)
# The dictionary lists these as uncountable too, because they can be.
COUNT_NOUNS |= _words(
    "road path intersection port dock pool meadow pasture chapel casino pub resort barbershop "
    "grocery pharmacy dam gallery theatre cinema deck toilet drain hose pan pot skillet "
    "fridge broom drill screw lock cable cord thread skirt uniform costume crown receipt "
    "check banknote ransom reward license cannon jet satellite boat canoe yacht ferry tugboat "
    "truck van taxi cab bicycle wagon carriage metro robbery burglary kidnapping trial "
    "lawsuit crash collision wildfire cloud shadow eclipse cobbler professor guard coach "
    "princess duchess monster clarinet harmonica tambourine amplifier smartphone website "
    "email sculpture board net skate sail mast binocular alarm horn bush rose cactus weed "
    "pinecone log leopard bear fox coyote antelope buffalo camel zebra rhinoceros sloth "
    "squirrel beaver otter raccoon skunk mole bull calf goose peacock seagull turtle tortoise "
    "crocodile alligator starfish butterfly lemon peach plum cherry strawberry raspberry "
    "blueberry melon watermelon pineapple mango coconut tomato onion turnip pumpkin cucumber "
    "walnut waffle biscuit burger hotdog steak secret rumor promise insult excuse argument "
    "fight battle tour flight ceremony parade festival rehearsal audition conference "
    "assignment experiment discovery invention equation deadline appointment nap coma "
    "fracture allergy stomachache bandage lunchbox saddle hook line boathouse treehouse "
    "birdhouse bookcase coffeepot account ad address advantage adventure arrangement aspect "
    "association assumption attraction auction bite blessing blog brake bubble bud bunk "
    "campus cane career challenge character cheek cobweb collection college combination "
    "comment comparison connection consequence convention conversation council crack craving "
    "crossing cure curl custom delay deposit detail dialogue diamond difference disagreement "
    "discount dispute donation drawing echo election engagement entrance error exception "
    "expedition explanation fable family favor flag flame flock forehead gesture "
    "habit hairstyle helper hostage household illusion impression impulse injury institution "
    "invitation jackpot jaw jungle junction kid landscape legend leg lip location marsh mate "
    "memory mess metaphor minute moment mood mosaic myth nerve objection occasion omen parody "
    "patrol pile plague poll possibility prayer preference presentation priority privilege "
    "procedure proposal protest punch purchase quarter rack rapper rebellion recession "
    "recital refund remedy replacement request resolution restriction rib ritual routine rule "
    "rumour sale sanctuary scandal scholarship scratch script section session settlement "
    "shore shortage shot slope speech stain startup suggestion sum superhero survey survivor "
    "swamp swing syndrome tag tattoo technique tendency touchdown tradition tragedy "
    "translator treaty tribute triumph tune uprising vacancy veto victory villa wish wreck "
    "yolk"
)
# The dictionary knows some of these as verbs only.
NOUNS_TOO = COUNT_NOUNS | {"vet", "vets", "log", "logs", "bars", "soaps"}
# Nouns without an article in science texts, although the dictionary lists them as countable.
MASS_NOUNS = _words(
    "oil petroleum gasoline coal soil sand rain snow ice wood paper steel iron gold silver copper "
    "saliva mucus sweat sunlight moonlight lightning thunder advice news luck fun happiness "
    "pasta soap "
    "evidence ozone dna rna atp trna mrna rrna music food information equipment money furniture "
    "weather traffic homework thiamine birth space heartburn oogenesis homeostasis spring summer "
    "autumn fall winter"
)

# Places with another preposition than "in".
AT_PLACES = _words(
    "stop station party reunion university school college store shop restaurant market mall "
    "airport concert meeting event end top bottom bank theater church museum zoo hotel hospital "
    "fair gym office beach park library home work dock boundary boundaries factory bar "
    "supermarket wedding temperature temperatures speed pressure level edge doctor summit peak "
    "entrance exit equator"
)
ON_PLACES = _words(
    "table shelf floor ground roof desk wall street road island continent planet earth surface "
    "moon mars farm bus train plane bed couch counter stage side coast shoreline map internet "
    "chromosome membrane ladder hill bench mountain path trail sidewalk porch balcony deck pier "
    "highway ship"
)
MOTION_VERBS = _words("go head travel move return migrate")

# A full stop after one of these does not end a sentence.
ABBREVIATIONS = _words(
    "mr mrs ms dr st vs etc e.g i.e u.s no fig prof sr jr approx ca cf al corp "
    "inc ltd co mt ft gen col capt lt sgt rev gov sen"
)
# Adjectives of a measure, as in "how long".
MEASURED = _words(
    "long tall far fast old big large deep high heavy wide thick hot cold small close strong loud"
)
