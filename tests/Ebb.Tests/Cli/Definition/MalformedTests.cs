using System.Text;
using Ebb.Cli.Definition;
using Ebb.Cli.Definition.Source;

namespace Ebb.Tests.Cli.Definition;

/// <summary>Files that are hardly YAML, or no text at all: one clear message each, and never another exception.</summary>
public class MalformedTests
{
    [Theory]
    [InlineData("", "ebb.yaml:1:1: the file is empty. 'ebb init' writes one to begin with.")]
    [InlineData("# nothing\n", "ebb.yaml:1:1: the file is empty. 'ebb init' writes one to begin with.")]
    [InlineData("- a\n", "ebb.yaml:1:1: here is a list; write a mapping with 'name', 'cloud', 'pools'.")]
    [InlineData("name: a\n\tcloud: b\n", "ebb.yaml:2:1: this line is indented with a tab. Use spaces.")]
    public void The_whole_file(string text, string problem)
    {
        Assert.Equal(problem, Sample.Problem(text));
    }

    [Theory]
    [InlineData("name: tide\n", "ebb.yaml:7:1: 'name' stands here already, on line 1. Remove one of the two.")]
    [InlineData("? [a]\n: b\n", "ebb.yaml:7:3: a key must be a word.")]
    [InlineData("options: {timeZone: !!str Etc/UTC}\n", "ebb.yaml:7:21: tags such as !!str are not read here. Remove it; text goes in quotes.")]
    [InlineData("options: *nobody\n", "ebb.yaml:7:10: there is no anchor '&nobody' before '*nobody'. Write the value out.")]
    [InlineData("---\nname: two\n", "ebb.yaml:7:1: a second document begins here. One file describes one cluster: remove it, or put it in a file of its own.")]
    [InlineData("options:\n  <<: {swapGiB: 1}\n", "ebb.yaml:8:3: options: '<<' merges are not read. Write the keys out, or give a whole value by an alias.")]
    public void A_line_that_is_YAML_but_not_of_this_file(string line, string problem)
    {
        Assert.Contains(problem, Sample.Problems(Sample.Least + line));
    }

    [Fact]
    public void An_alias_stands_for_the_value_that_its_anchor_marks()
    {
        var file = Sample.Read(Sample.With("controlPlane: {diskGiB: &disk 64}\noptions: {swapGiB: *disk}"));

        Assert.Equal(64, file.Options.SwapGiB);
    }

    [Fact]
    public void Aliases_that_stand_for_a_vast_file_are_refused()
    {
        var lines = Enumerable.Range(1, 8).Select(i => $"  a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 50))}]");
        var text = Sample.With($"options:\n  packages: &a0 [{string.Join(", ", Enumerable.Repeat("htop", 100))}]\n{string.Join('\n', lines)}");
        var pools = Sample.Least.Replace("pools:\n", "pools:\n  - &p {name: a, size: Standard_D4s_v5, labels: {a: b}}\n", StringComparison.Ordinal)
            + string.Concat(Enumerable.Repeat("  - *p\n", 30_000));

        Assert.NotEmpty(Sample.Problems(text));
        Assert.NotEmpty(Sample.Problems(pools));
    }

    [Fact]
    public void Nesting_beyond_reason_is_refused()
    {
        Assert.Contains("nested too deeply", Sample.Problem("name: " + new string('[', 5000)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x6E, 0x00 }, "ebb.yaml:1:1: this is UTF-16. Save the file as UTF-8.")]
    [InlineData(new byte[] { 0x61, 0x0A, 0x62, 0xE9, 0x0A }, "ebb.yaml:2:2: this is no UTF-8. Save the file as UTF-8.")]
    [InlineData(new byte[] { 0x61, 0x00 }, "ebb.yaml:1:2: here is the invisible character U+0000. Remove it.")]
    [InlineData(new byte[] { 0x0A, 0x61, 0xE2, 0x80, 0xAE }, "ebb.yaml:2:2: here is the invisible character U+202E. Remove it.")]
    public void Bytes_that_are_no_text_or_hide_something(byte[] bytes, string problem)
    {
        Assert.Equal(problem, Assert.Throws<EbbException>(() => SourceText.Decode(bytes, "ebb.yaml")).Message);
    }

    [Fact]
    public void Whatever_becomes_of_a_sound_file_it_reads_or_says_why_not()
    {
        var random = new Random(4711);
        var sound = Encoding.UTF8.GetBytes(Starter.Text(new StarterChoices { Name = "tide" }));
        byte[] odd = [.. "[]{}:,-&*!|>'\"%@`#\t\n ?~<$0x"u8, 0xC3, 0xFF, 0x00];
        var read = 0;
        for (var round = 0; round < 3000; round++)
        {
            var bytes = sound.ToList();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                var at = random.Next(bytes.Count);
                switch (random.Next(4))
                {
                    case 0: bytes[at] = odd[random.Next(odd.Length)]; break;
                    case 1: bytes.Insert(at, odd[random.Next(odd.Length)]); break;
                    case 2: bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)); break;
                    default: bytes.InsertRange(at, bytes.Slice(at, Math.Min(random.Next(1, 200), bytes.Count - at))); break;
                }
            }

            try
            {
                Sample.Read(SourceText.Decode(bytes.ToArray(), "ebb.yaml"));
                read++;
            }
            catch (EbbException e)
            {
                Assert.StartsWith("ebb.yaml", e.Message, StringComparison.Ordinal);
            }
        }

        Assert.InRange(read, 1, 2999);
    }
}
