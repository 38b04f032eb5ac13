using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;
using Ebb.Sandbox.Azure.Templates.Expressions;
using Ebb.Sandbox.Azure.Templates.Reading;

namespace Ebb.Tests.Sandbox.Azure.Templates;

/// <summary>Whatever comes in: a value, or one clear refusal, soon and in little memory.</summary>
public class TemplateFuzzTests
{
    private static readonly string Good = TemplateLab.Text("""
        "parameters":{"n":{"type":"int","defaultValue":2},"s":{"type":"string","defaultValue":"[concat('a', uniqueString(resourceGroup().id))]"}},
        "variables":{"v":{"copy":[{"name":"c","count":"[parameters('n')]","input":"[copyIndex('c')]"}]},"w":"[length(variables('v').c)]"},
        "functions":[{"namespace":"f","members":{"g":{"parameters":[{"name":"x","type":"int"}],"output":{"type":"int","value":"[add(parameters('x'), 1)]"}}}}],
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"[concat('r', copyIndex())]","copy":{"name":"l","count":2,"mode":"Serial"},"dependsOn":["x"],"condition":true,
          "properties":{"y":"[reference('x').z]","z":"[map(range(0, 3), lambda('i', f.g(lambdaVariables('i'))))]"}},
          {"type":"A.B/c","apiVersion":"2020-01-01","name":"x","resources":[{"type":"d","apiVersion":"2020-01-01","name":"e"}]}],
        "outputs":{"o":{"type":"int","value":"[variables('w')]"}}
        """);

    private static readonly string[] Odd = ["null", "5", "-1", "1e308", "\"\"", "\"[\"", "\"[]\"", "\"[x()]\"", "\"x\"", "[]", "[5]", "{}", "true", "{\"copy\":[{\"name\":\"q\",\"count\":99999999,\"input\":1}]}"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Text_with_bytes_changed_is_read_or_refused(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 1500; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(Good);
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : bytes[random.Next(bytes.Length)];
            }

            Try(Encoding.UTF8.GetString(bytes));
        }
    }

    [Fact]
    public void Random_bytes_are_refused()
    {
        var random = new Random(4);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            Try(Encoding.UTF8.GetString(bytes));
            Try("{" + Encoding.Latin1.GetString(bytes) + "}");
        }
    }

    [Fact]
    public void A_value_of_a_wrong_kind_anywhere_is_an_error_and_no_crash()
    {
        foreach (var path in Paths(JsonNode.Parse(Good)!).ToList())
        {
            foreach (var odd in Odd)
            {
                var root = JsonNode.Parse(Good)!;
                Replace(root, path, JsonNode.Parse(odd));
                Try(root.ToJsonString());
            }
        }
    }

    [Theory]
    [InlineData("concat(", ")", 200)]
    [InlineData("a", "", 30000)]
    [InlineData("[", "]", 500)]
    [InlineData("createArray(createArray(", "))", 60)]
    [InlineData("x()[", "]", 200)]
    public void Expressions_of_great_depth_or_length_are_refused(string open, string close, int times)
    {
        var text = "[" + string.Concat(Enumerable.Repeat(open, times)) + string.Concat(Enumerable.Repeat(close, times)) + "]";

        Assert.Throws<TemplateException>(() => Parser.Parse(text));
    }

    [Theory]
    [InlineData("padLeft('x', 2000000000)")]
    [InlineData("format('{0,900000000}', 'x')")]
    [InlineData("format('{0:D900000000}', 1)")]
    [InlineData("map(range(0, 10000), lambda('i', range(0, 10000)))")]
    [InlineData("reduce(range(0, 10000), 'x', lambda('a', 'i', concat(lambdaVariables('a'), lambdaVariables('a'))))")]
    [InlineData("reduce(range(0, 10000), 'x', lambda('a', 'i', createArray(lambdaVariables('a'))))")]
    [InlineData("reduce(range(0, 60), 'x', lambda('a', 'i', replace(lambdaVariables('a'), 'x', 'xx')))")]
    [InlineData("reduce(range(0, 60), createArray('x'), lambda('a', 'i', concat(lambdaVariables('a'), lambdaVariables('a'))))")]
    [InlineData("reduce(range(0, 60), 'x', lambda('a', 'i', string(createArray(lambdaVariables('a'), lambdaVariables('a')))))")]
    [InlineData("reduce(range(0, 60), 'x', lambda('a', 'i', base64(concat(lambdaVariables('a'), lambdaVariables('a')))))")]
    [InlineData("sort(range(0, 10000), lambda('a', 'b', equals(length(range(0, 10000)), 1)))")]
    [InlineData("union(range(0, 10000), range(5000, 10000))")]
    public void Expressions_that_would_make_too_much_are_stopped(string expression)
    {
        Assert.NotEmpty(TemplateLab.Error(expression));
    }

    [Fact]
    public void Variables_that_double_each_other_are_stopped()
    {
        var doubled = string.Join(',', Enumerable.Range(1, 200).Select(i => $"\"v{i}\":\"[concat(variables('v{i - 1}'), variables('v{i - 1}'))]\""));
        var nested = string.Join(',', Enumerable.Range(1, 200).Select(i => $"\"v{i}\":[\"[variables('v{i - 1}')]\"]"));
        var twice = "\"functions\":[{\"namespace\":\"f\",\"members\":{\"g\":{\"parameters\":[{\"name\":\"x\",\"type\":\"int\"}],\"output\":{\"type\":\"int\",\"value\":\"[add(f.g(1), f.g(2))]\"}}}}]";
        const string Use = ",\"resources\":[{\"type\":\"A.B/c\",\"apiVersion\":\"2020-01-01\",\"name\":\"r\",\"properties\":\"[variables('v200')]\"}]";

        Assert.Contains("exceed the limit", TemplateLab.Refused($"\"variables\":{{\"v0\":\"x\",{doubled}}}{Use}").Message);
        Assert.NotEmpty(TemplateLab.Refused($"\"variables\":{{\"v0\":\"x\",{nested}}}{Use}").Message);
        Assert.NotEmpty(TemplateLab.Refused(twice + ",\"variables\":{\"v200\":\"[f.g(1)]\"}" + Use).Message);
    }

    // Refused or not, it comes back, and with no other exception than the language's own.
    private static void Try(string text)
    {
        try
        {
            var source = JsonSource.Read(text);
            Expansion.Make(Template.Read(source, source.Root, "properties.template"), null, TemplateLab.Here()).Outputs(TemplateLab.Nothing);
        }
        catch (TemplateException e)
        {
            Assert.NotEmpty(e.Message);
            Assert.False(e.IsOfExpression, $"An error without its place: {e.Message}\n{text}");
        }
    }

    private static IEnumerable<string> Paths(JsonNode node) => node switch
    {
        JsonObject o => o.SelectMany(m => Paths(m.Value!).Prepend(m.Value!.GetPath())),
        JsonArray list => list.SelectMany(i => Paths(i!).Prepend(i!.GetPath())),
        _ => [],
    };

    private static void Replace(JsonNode root, string path, JsonNode? value)
    {
        var node = Find(root, path);
        if (node.Parent is JsonObject o)
        {
            o[node.GetPropertyName()] = value;
        }
        else if (node.Parent is JsonArray list)
        {
            list[node.GetElementIndex()] = value;
        }
    }

    private static JsonNode Find(JsonNode root, string path) => root.GetPath() == path
        ? root
        : (root is JsonObject o ? o.Select(m => m.Value) : (JsonArray)root).First(c => c is not null && (path == c.GetPath() || path.StartsWith(c.GetPath() + ".", StringComparison.Ordinal) || path.StartsWith(c.GetPath() + "[", StringComparison.Ordinal))) is { } child
            ? Find(child, path)
            : throw new InvalidOperationException(path);
}
