"""What the README shows works as it is printed there."""

import doctest

import readme


def test_the_examples_of_the_readme() -> None:
    text = readme.examples()
    parser = doctest.DocTestParser()
    test = parser.get_doctest(text, {}, "README.md", str(readme.README), 0)
    assert len(test.examples) > 10
    output: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(test, out=output.append)
    assert results.attempted == len(test.examples)
    assert results.failed == 0, "".join(output)
