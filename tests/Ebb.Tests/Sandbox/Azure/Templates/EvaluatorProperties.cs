using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;
using FsCheck;
using FsCheck.Fluent;

namespace Ebb.Tests.Sandbox.Azure.Templates;

/// <summary>Laws of the language, tried on values drawn at random.</summary>
public class EvaluatorProperties
{
    [Fact]
    public void Text_comes_back_from_each_encoding() => Prop.ForAll(Texts, text =>
    {
        Assert.Equal(text, Of("base64ToString(base64(it()))", text)!.GetValue<string>());
        Assert.Equal(text, Of("uriComponentToString(uriComponent(it()))", text)!.GetValue<string>());
        Assert.Equal(text, Of("dataUriToString(dataUri(it()))", text)!.GetValue<string>());
        Assert.Equal(text, Of("json(string(createArray(it())))[0]", text)!.GetValue<string>());
        Assert.Equal(text, Of("concat(take(it(), 3), skip(it(), 3))", text)!.GetValue<string>());
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Quotes_are_doubled_and_nothing_else_changes() => Prop.ForAll(Texts, text =>
    {
        var literal = "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
        Assert.Equal(text, TemplateLab.Value($"string({literal})")!.GetValue<string>());
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Numbers_reckon_as_in_64_bits() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), ArbMap.Default.ArbFor<int>(), (a, b) =>
    {
        Assert.Equal((long)a + b, Number($"add({a}, {b})"));
        Assert.Equal((long)a * b, Number($"mul({a}, {b})"));
        Assert.Equal(a - (long)b, Number($"sub({a}, {b})"));
        Assert.Equal(a < b, TemplateLab.Value($"less({a}, {b})")!.GetValue<bool>());
        if (b != 0)
        {
            Assert.Equal(a, Number($"add(mul(div({a}, {b}), {b}), mod({a}, {b}))"));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Arrays_keep_their_items_through_what_reorders_and_joins_them() => Prop.ForAll(ArbMap.Default.ArbFor<int[]>(), items =>
    {
        var list = JsonSerialized(items);
        Assert.Equal(items.Order(), Numbers($"sort({list}, lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))"));
        Assert.Equal(items.Distinct(), Numbers($"union({list}, {list})"));
        Assert.Equal(items.Distinct(), Numbers($"intersection({list}, {list})"));
        Assert.Equal(items, Numbers($"concat(take({list}, 2), skip({list}, 2))"));
        Assert.Equal(items.Where(i => i > 0), Numbers($"filter({list}, lambda('i', greater(lambdaVariables('i'), 0)))"));
        Assert.Equal(items.Select(i => (long)i).Sum(), Number($"reduce({list}, 0, lambda('a', 'i', add(lambdaVariables('a'), lambdaVariables('i'))))"));
    }).QuickCheckThrowOnFailure();

    private static Arbitrary<string> Texts => ArbMap.Default.ArbFor<NonNull<string>>().Convert(
        n => new string([.. n.Get.Where(c => !char.IsSurrogate(c))]), NonNull<string>.NewNonNull);

    private static JsonNode? Of(string expression, string text) =>
        TemplateLab.Value(expression.Replace("it()", "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'", StringComparison.Ordinal));

    private static string JsonSerialized(int[] items) => $"createArray({string.Join(',', items)})";

    private static long Number(string expression) => Values.Whole(TemplateLab.Value(expression))!.Value;

    private static IEnumerable<int> Numbers(string expression) => TemplateLab.Value(expression)!.AsArray().Select(i => (int)Values.Whole(i)!.Value);
}
