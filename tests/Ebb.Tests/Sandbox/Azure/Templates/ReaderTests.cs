using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Reading;

namespace Ebb.Tests.Sandbox.Azure.Templates;

public class ReaderTests
{
    [Theory]
    [InlineData("{template:{\"a\":1}}", """{"template":{"a":1}}""")]
    [InlineData("\uFEFF{ // why\n \"a\": /* not */ [1, 2,], }  \n ", """{"a":[1,2]}""")]
    [InlineData("{'a':'it is \"so\"'}", """{"a":"it is \"so\""}""")]
    [InlineData("{\"a\":\"one\n two\\t\\u0041\"}", "{\"a\":\"one\\n two\\tA\"}")]
    [InlineData("[-1, 1.50, 1e3, true, null]", "[-1,1.50,1e3,true,null]")]
    public void What_Azure_takes_is_read(string text, string json)
    {
        Assert.Equal(json, Values.Compact(JsonSource.Read(text).Root));
    }

    [Theory]
    [InlineData("{\"a\":1", "Unexpected end of content", 1, 7)]
    [InlineData("{\n \"a\": ?}", "Unexpected character encountered while parsing value: ?. Path 'a', line 2, position 7.", 2, 7)]
    [InlineData("{\"a\":1 \"b\":2}", "After parsing a value an unexpected character was encountered: \". Path '', line 1, position 8.", 1, 8)]
    [InlineData("{\"a\":1,\n\"A\":2}", "'A' already exists", 2, 6)]
    [InlineData("{\"a\" 1}", "Expected ':' but got: 1", 1, 6)]
    [InlineData("{} x", "Additional text", 1, 4)]
    [InlineData("{\"a\":\"x", "Unterminated string", 1, 8)]
    [InlineData("[\"\\q\"]", "Bad JSON escape sequence: \\q", 1, 5)]
    [InlineData("/* x", "Unexpected end while parsing comment", 1, 1)]
    [InlineData("[01x]", "Unexpected character", 1, 2)]
    [InlineData("", "Unexpected end of content", 1, 1)]
    public void What_is_no_JSON_is_refused_with_its_place(string text, string message, int line, int column)
    {
        var e = Assert.Throws<TemplateException>(() => JsonSource.Read(text));

        Assert.Equal("InvalidTemplate", e.Code);
        Assert.Contains(message, e.Message);
        Assert.Equal(new Place(line, column), e.At);
    }

    [Fact]
    public void A_value_knows_its_place_also_from_where_the_template_begins()
    {
        var source = JsonSource.Read("{\"properties\": {template:{\n  \"a\":\n    [1]}}}");
        var template = source.Root!["properties"]!["template"]!;

        Assert.Equal(new Place(3, 5), source.PlaceOf(template["a"]));
        Assert.Equal(new Place(3, 5), source.PlaceOf(template["a"], template));
        Assert.Equal(new Place(1, 1), source.PlaceOf(template, template));
    }

    [Fact]
    public void A_text_that_is_nested_too_deeply_is_refused()
    {
        var e = Assert.Throws<TemplateException>(() => JsonSource.Read(new string('[', 100_000)));

        Assert.Contains("MaxDepth", e.Message);
    }
}
