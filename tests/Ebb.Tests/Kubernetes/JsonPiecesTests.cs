using System.Text;
using System.Text.Json;
using Ebb.Kubernetes;
using Ebb.Simulation;

namespace Ebb.Tests.Kubernetes;

public class JsonPiecesTests
{
    private const string List =
        """{"kind":"L","items":[{"a":1,"items":[9]},{"b":"}]\"ü🌊"},[1],7,null],"metadata":{"resourceVersion":"5","x":[{}]},"n":null}""";

    private readonly VirtualTime _time = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task A_list_comes_apart_into_members_and_items_however_it_is_cut(int size)
    {
        var pieces = await ReadAsync(Cut(List, size), list: true);

        Assert.Equal(
            [
                ("kind", "\"L\""), ("items", """{"a":1,"items":[9]}"""), ("items", """{"b":"}]\"ü🌊"}"""), ("items", "[1]"), ("items", "7"),
                ("items", "null"), ("metadata", """{"resourceVersion":"5","x":[{}]}"""), ("n", "null"),
            ],
            pieces);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(1000)]
    public async Task A_watch_comes_apart_into_values_not_lines(int size)
    {
        var pieces = await ReadAsync(Cut("{\"a\":\n1}{\"b\":[{}]}\n\n  {\"c\":2}\n", size), list: false);

        Assert.Equal(["{\"a\":\n1}", "{\"b\":[{}]}", "{\"c\":2}"], pieces.Select(p => p.Json));
    }

    [Fact]
    public async Task A_piece_larger_than_the_buffer_arrives_whole()
    {
        var large = $$"""{"a":"{{new string('x', 300_000)}}"}""";

        var pieces = await ReadAsync(Cut($"{large}\n{large}\n", 8000), list: false);

        Assert.Equal([large, large], pieces.Select(p => p.Json));
    }

    [Fact]
    public async Task A_piece_over_the_bound_is_refused() =>
        await Assert.ThrowsAsync<JsonException>(() => ReadAsync(Cut($$"""{"a":"{{new string('x', 3_000_000)}}"}""", 8000), list: false));

    [Theory]
    [InlineData("""{"kind":"L","items":[{"a":1}""", true)]
    [InlineData("""{"kind":"L","items":[]""", true)]
    [InlineData("", true)]
    [InlineData("""{"a":1}{"b":""", false)]
    [InlineData("""{"a":1} tru""", false)]
    public async Task An_answer_that_is_cut_off_is_noticed(string text, bool list) =>
        await Assert.ThrowsAsync<EndOfStreamException>(() => ReadAsync(Cut(text, 4), list));

    [Theory]
    [InlineData("<html>", true)]
    [InlineData("[]", true)]
    [InlineData("{\"a\" 1}", false)]
    public async Task What_is_not_JSON_is_refused(string text, bool list) =>
        await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(Cut(text, 4), list));

    [Fact]
    public async Task A_peer_that_falls_silent_is_given_up()
    {
        var stream = new SlowStream();
        stream.Send("{\"a\":");
        using var pieces = new JsonPieces(stream, false, 1000, TimeSpan.FromSeconds(150), _time);
        var reading = pieces.NextAsync(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(151));

        await Assert.ThrowsAsync<TimeoutException>(async () => await reading);
    }

    private async Task<List<(string? Name, string Json)>> ReadAsync(Stream stream, bool list)
    {
        using var pieces = new JsonPieces(stream, list, 1_000_000, TimeSpan.FromSeconds(10), _time);
        var found = new List<(string?, string)>();
        while (await pieces.NextAsync(TestContext.Current.CancellationToken))
        {
            found.Add((pieces.Name, Encoding.UTF8.GetString(pieces.Piece.Span)));
        }

        return found;
    }

    private static SlowStream Cut(string text, int size)
    {
        var stream = new SlowStream();
        foreach (var chunk in Encoding.UTF8.GetBytes(text).Chunk(size))
        {
            stream.Send(chunk);
        }

        stream.End();
        return stream;
    }
}
