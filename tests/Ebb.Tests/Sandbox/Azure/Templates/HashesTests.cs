using Ebb.Sandbox.Azure.Templates.Functions;

namespace Ebb.Tests.Sandbox.Azure.Templates;

public class HashesTests
{
    [Theory]
    [InlineData("uniqueString('test')", "rbgf3xv4ufgzg")]
    [InlineData("uniqueString('hello', 'world')", "a7wkljktk6wne")]
    [InlineData("uniqueString('abc')", "cgtzqvhu4i23s")]
    [InlineData("uniqueString('foo', 'bar', 'baz')", "xzi4ioaxtmth4")]
    [InlineData("uniqueString('/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg')", "bmg7c6xu4tw46")]
    [InlineData("guid('master0')", "658313ae-8d91-5ecb-a428-d37c293e8b93")]
    public void Names_are_made_as_Azure_makes_them(string expression, string expected)
    {
        Assert.Equal(expected, TemplateLab.Value(expression)!.GetValue<string>());
    }

    [Fact]
    public void A_unique_string_has_thirteen_characters_of_its_alphabet_whatever_the_length_of_its_input()
    {
        for (var length = 0; length < 40; length++)
        {
            Assert.Matches("^[a-z2-7]{13}\\z", Hashes.UniqueString(new string('ü', length)));
        }
    }
}
