"""Given names and surnames from many places, for local parts that look like a person's. Lower-case ASCII."""

GIVEN = (
    "adam adele agnes aisha alan albert alice alina amara amelia amir amy ana andrea anita anna anton arthur astrid "
    "beatrice bella ben bianca bruno camila carl carmen carol catherine cecilia celine charlotte chloe clara claire "
    "colin daniel daria david diana diego edith edward elena elias elif eliza ella elsa emil emily emma eric esther "
    "eva fatima felix fiona flora frank gabriel george gloria grace greta hannah harry hugh helen henry hugo ida "
    "ines ingrid irene iris isabel ivan jack jacob jane jasmine joan joel john jonas julia karen kenji laila lara "
    "laura lea leo leon lina linda louis lucas lucy luis magda maria marie mark marta martin maya mei mia michael "
    "milan mila mira nadia nina noah nora oliver olivia omar oscar paula peter petra philip priya rachel ravi rebecca "
    "robert rosa ruben ruth sam samir sandra sara sarah sean simon sofia sonia stella sven sylvia tara theo thomas "
    "tina tobias vera victor walter wendy yara yuki zara zoe"
).split()
SURNAMES = (
    "abbott adams ahmed allen almeida andersen armstrong bailey baker barnes bauer becker bell bennett berg bishop "
    "blake bond bowen brandt brennan brooks brown burke burton byrne campbell carter castro chan chandler chapman "
    "clark clayton cole collins cooper costa craig cruz dalton davies dawson delgado demir dixon doyle duarte dubois "
    "duncan edwards ellis evans farrell ferrari fischer fisher fleming fletcher flores foster fox francis fraser "
    "freeman frost garcia gardner garner gibson gomez gordon graham grant green griffin haas hall hansen harper harris "
    "hart hayes henderson hill holmes hoffmann howard hughes hunt ibrahim ito jansen jensen johnson jones kaya keller "
    "kelly kennedy khan kim klein kovac kumar lambert lang lawson lee lehmann lewis lima lindberg lopez lund "
    "marino marsh martinez mason mendes meyer miller mitchell molina moore morales morgan morris murphy murray "
    "nakamura nash nelson newton nguyen nielsen novak olsen ortiz owens palmer park parker patel pereira perry peters "
    "phillips porter quinn ramirez ramos reed reyes richter rivera roberts robinson rogers romero rossi russo ryan "
    "sanders santos sato schmidt scott sharma shaw silva simmons singh smith sousa spencer stewart stone suzuki tanaka "
    "taylor thompson torres turner vega vogel wagner walker wallace walsh wang ward watson weber webster wells west "
    "white williams wilson winter wolf wood wright yamada young zhang ziegler"
).split()
