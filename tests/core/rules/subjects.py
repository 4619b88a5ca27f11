"""What owners write into rules, and what is understood."""

ADDRESSES = [
    ("ada@shop.example", "ada@shop.example"),
    (" <Ada@Shop.Example> ", "ada@shop.example"),
    ('"ada"@shop.example', "ada@shop.example"),
    ("ada+tag@shop.example", "ada+tag@shop.example"),
    ("ünal@bücher.example", "ünal@xn--bcher-kva.example"),
    ("u\u0308nal@bücher.example", "ünal@xn--bcher-kva.example"),
    ("a b@shop.example", "a b@shop.example"),
    ("ada@localhost", "ada@localhost"),
]
DOMAINS = [
    ("shop.example", "shop.example"),
    ("@shop.example", "shop.example"),
    ("*@shop.example", "shop.example"),
    ("*.shop.example", "shop.example"),
    (".shop.example", "shop.example"),
    ("Shop.Example.", "shop.example"),
    ("BÜCHER.example", "xn--bcher-kva.example"),
    (".example", "example"),
    ("*.example", "example"),
]
NEVER = [
    ("foo@bar@baz.example", "one @"),
    ("mailto:ada@shop.example", "no : before"),
    ("Ada ada@shop.example", "no space before"),
    ("ada\u00a0b@shop.example", "shop.example"),
    ("ada,bob@shop.example", "no , before"),
    ("news*@shop.example", r"no \* within"),
    ("ada@192.0.2.1", "machines"),
    ("192.0.2.1", "machines"),
    ("*.2.1", "machines"),
]
NEITHER = [
    "",
    "   ",
    "example",
    "shop example",
    "ada@",
    "@",
    "ada@-shop-.example",
    "ada@[192.0.2.1]",
    "*",
    "shop.example\nother.example",
    "a" * 321,
    "a@" + "b." * 130 + "example",
    "ada\0@shop.example",
    "\udcff@shop.example",
]
