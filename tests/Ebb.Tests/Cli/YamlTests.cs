using Ebb.Cli.Clusters;

namespace Ebb.Tests.Cli;

public class YamlTests
{
    [Theory]
    [InlineData("a: 1", """{"a":1}""")]
    [InlineData("a: '1'\nb: yes\nc: ~\nd: true\ne: 1.5\nf: 0x10", """{"a":"1","b":"yes","c":null,"d":true,"e":1.5,"f":"0x10"}""")]
    [InlineData("- x\n- [y, {z: }]", """["x",["y",{"z":null}]]""")]
    [InlineData("a: &one {b: c}\nd: *one", """{"a":{"b":"c"},"d":{"b":"c"}}""")]
    [InlineData("a: |\n  two\n  lines\n", """{"a":"two\nlines\n"}""")]
    [InlineData("", "null")]
    [InlineData("""{"json": ["is", "YAML"]}""", """{"json":["is","YAML"]}""")]
    public void YAML_becomes_the_JSON_that_it_means(string yaml, string json)
    {
        Assert.Equal(json, Yaml.ToJson(yaml).GetRawText());
    }

    [Theory]
    [InlineData("a: [")]
    [InlineData("a: b: c")]
    [InlineData("a: 1\na: 2")]
    [InlineData("? [complex]\n: key")]
    [InlineData("a: *nobody")]
    public void What_is_not_YAML_is_refused(string yaml)
    {
        Assert.Throws<FormatException>(() => Yaml.ToJson(yaml));
    }

    [Fact]
    public void A_small_file_that_means_a_vast_one_is_refused()
    {
        var lines = Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]");

        Assert.Throws<FormatException>(() => Yaml.ToJson("a0: &a0 lol\n" + string.Join('\n', lines)));
    }

    [Fact]
    public void A_file_nested_beyond_reason_is_refused()
    {
        Assert.Throws<FormatException>(() => Yaml.ToJson(new string('[', 500) + new string(']', 500)));
    }
}
