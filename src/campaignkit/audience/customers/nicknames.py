"""Given names that stand for one another, and those that only look alike. Data, to be added to.

Each line begins with a full name; a short form may stand on several lines. Sources: common use in English, Polish,
German, Spanish, French and Italian.
"""

__all__ = ["formal_names", "is_given_name"]

_FORMS = """
abigail abby abbie gail
adam
adrian ade
agnieszka agnes aga agata
albert al bert
aleksandra alexandra ola olka sandra alex sasha lexi
alexander aleksander alejandro alessandro alex alec sandy sasha olek xander ale
alfred alf fred
alice ala alicja alicia
amanda mandy
andrew andy drew andrzej andreas andre andrea andres
angela angie
anna ann anne annie ana ania anka hannah nan anita annette
anthony tony anton antonio antoine antoni antek toni
arthur art artur
barbara barb babs basia barbra
bartholomew bart bartosz bartek bartlomiej
beatrice bea trixie beatriz
benjamin ben benny benji
bernard bernie bernardo
caroline carolyn carol carrie karolina carolina karoline
catherine katherine kathryn katharine cathy kathy kate katie katy kat kasia katarzyna katharina katrin catalina kitty
charles charlie chuck carl carlos karol karl chas charly
charlotte lottie charlie lotte
christina kristina christine kristine chris tina chrissy krystyna christiane cristina
christopher chris kit christoph christophe cristobal krzysztof krzysiek topher kris
daniel dan danny danek
danielle dani daniela
david dave davey dawid davy
deborah debra deb debbie
dennis denis
dominic dom dominik dominique
donald don donny
dorothy dot dottie dora dorota dorothea
edward ed eddie ted teddy ned edek eduardo eduard edouard
eleanor ellie nell nora eleonora elena
elizabeth elisabeth liz lizzie beth betty eliza lisa libby bess elzbieta ela isabel elisa
emily em emma emilia
eric erik eryk erich
eugene gene eugeniusz
eva eve ewa
frances fran fanny francesca franciszka francisca franziska
francis frank francisco franz franciszek franek paco francesco francois fran
frederick fred freddie fryderyk friedrich fritz federico
gabriel gabe
gabriela gabi gabrielle gaby
george jerzy jurek georg jorge georges jiri
gerald gerry jerry gerard
geoffrey jeffrey jeff geoff
gregory greg grzegorz grzesiek gregor
gillian gill jill
helen helena hela ellen nell
henry hank harry henryk heinrich henri enrique hal
irene irena
isabella bella izabela iza isabelle
jacob jake jakub kuba jack jakob
james jim jimmy jamie jem jaime santiago diego
jane janet jean janina jan joan joanna johanna
janine
jennifer jen jenny jenn
jessica jess jessie
joanna joan jo asia joasia johanna joanne jana
john jon johnny jack jan johann johannes juan jean giovanni hans janek ian sean ivan
jonathan jon jonny nathan
joseph joe joey jozef jose josef pepe giuseppe jozek
josephine jo josie
joshua josh
judith judy judyta
julia julie jules julka juliet
julian jules
kenneth ken kenny
kimberly kim
laura laurie
lawrence laurence larry lorenzo laurent wawrzyniec
leonard leo len lenny leon
louis lewis lou luis ludwig ludwik luigi
louise lou luiza luisa
lucas luke lukasz luka luc lukas
lucy lucia lucja lucie
magdalena magda madeleine maddie lena
malgorzata margaret gosia malgosia margarita margarete maggie meg peggy marge margie greta rita daisy
marcin martin marty martino
mark marc marek marcus marco marcos markus
maria mary marie mara marysia maryla molly polly mia marisol
martha marta
matthew matt matty mateusz matthias matteo mateo mathieu mathias
maximilian max maks maksymilian
michael mike mick mickey michal miguel michel micha mikey michele michaela
michelle michele shelly
monica monika
natalie natalia nat nathalie
nathaniel nathan nat nate
nicholas nick nicky nicolas mikolaj nikolaus klaus nico
nicole nicky nicola
oliver ollie olivier
olivia liv livvy oliwia
pamela pam
patricia pat patty trish tricia patrycja
patrick pat paddy patryk patricio
paul pawel pablo paolo pol
peter pete piotr pedro pierre piotrek pietro petr
philip phillip phil philippe felipe filip
priscilla cilla
rachel rachael rae
raymond ray ramon raimund
rebecca becky becca bex rebeka
richard rick ricky rich dick richie ryszard ricardo
robert bob bobby rob robbie bert roberto
roger rog
ronald ron ronnie
rose rosie rosa roza
samantha sam sammy
samuel sam sammy
sandra sandy
sarah sara sally sadie
sebastian seb basti
sophia sophie sofia zofia zosia
stanley stan stanislaw staszek
stefan stephen steven steve stephan stefano esteban etienne szczepan
stephanie steph stefania
susan sue susie suzanne zuzanna susanne susana suzie
tadeusz tadek thaddeus
theodore ted teddy theo teodor
teresa theresa terri tess tessa
thomas tom tommy tomasz tomek tomas
timothy tim timmy
ursula ulla urszula ula
valerie val waleria
veronica ronnie weronika vera
victor vic wiktor
victoria vicky tori vicki wiktoria
vincent vince vinnie wincenty
vladimir wlodzimierz wlodek vlad
walter walt wally
wendy
william bill billy will willie liam wilhelm guillermo guillaume willy
wojciech wojtek adalbert
zachary zach zack zak
zbigniew zbyszek
"""

# One letter apart, and two people: a slip of the finger seldom makes another common name.
_MERELY_ALIKE = """
alan alana adela adele aaron erin erica dana dean deana denise fabian fabienne gina gino glen glenn joel joelle karen
karin kai kay kaya kevin kira kyra lara laura lena leah lea liam linda lynda lydia marina marian marianna mariana marion
marlon mario maja maya mila milo nadia nina nino noah nora norah paula paulina pauline petra robin robyn rosa ross
roland rolanda ryan ruan sean simon simone tanya tania tara tina tobias tracy troy tyler ulrich ulrike una uma valentin
valentina vivian vivien yvonne yvette juliana juliane bianca bernadette brian ryan bruce bruno carla carlo cara clara
claire claude claudia claudio cora dora dylan edith edwin elias ella elsa elvira emil enzo ernest ethan evan gavin grace
graham greta hugo ida ines ingrid iris isaac ivana ivo jade jason jasmin jayden joan jordan jorg josh joyce judy justin
justyna karina kamil kamila kayla keith kelly kent kurt kyle lee lennart leonie leroy lily lola lorena loretta luca luz
mabel malcolm manuel manuela marcel marcela marcia marlene mason maureen megan melanie melissa melvin mercedes micah
mindy miriam mitchell morgan nadine naomi nelson neil nigel norman oscar otto owen pedro penelope perry phoebe quentin
rafael ralph ramona raquel regina rene renee rita rodney romeo rory roxanne ruby rudolf rufus rupert russell ruth sabine
sabrina salvador scott selma serena sharon shane sheila shirley sidney silvia silvio sonia stella stuart sven sylvia
tamara tatiana terence tiffany todd toby trevor ute vanessa verena virginia wade wanda wayne wilma xavier yasmin yolanda
yves zara zoe angelo angelina adriana adrianna daria dario danuta dorian emanuel emanuela eva evan filipa gloria harold
harriet heather heidi helga henrietta hilda holly hope howard irma irina janusz jolanta kazimierz halina hanna henryka
iwona jadwiga jaroslaw jaroslawa leszek mariusz mariola miroslaw miroslawa marzena roman romana rafal renata slawomir
stanislawa wieslaw wieslawa waclaw wanda zdzislaw zdzislawa zenon zygmunt bogdan bogdana boguslaw boguslawa
"""


def _lines_by_form() -> dict[str, frozenset[str]]:
    lines: dict[str, set[str]] = {}
    for line in _FORMS.strip().splitlines():
        forms = line.split()
        for form in forms:
            lines.setdefault(form, set()).add(forms[0])
    return {form: frozenset(firsts) for form, firsts in lines.items()}


_FORMAL = _lines_by_form()
_GIVEN = frozenset(_FORMAL) | frozenset(_MERELY_ALIKE.split())
_NONE: frozenset[str] = frozenset()


def formal_names(word: str) -> frozenset[str]:
    """Return the full names that *word* may stand for; empty where none is known.

    >>> formal_names("bob") & formal_names("robert")
    frozenset({'robert'})
    """
    return _FORMAL.get(word, _NONE)


def is_given_name(word: str) -> bool:
    """Return whether *word* is known as a given name."""
    return word in _GIVEN
