using System.Security.Cryptography;

namespace Ebb.Tests.Joining.Lab;

/// <summary>
/// Tries spoilt input of one kind, after all of that kind that lies in Corpus. What breaks something is kept in artifacts/test/fuzz, and
/// belongs into Corpus once it is mended.
/// </summary>
internal sealed class Fuzz
{
    public static readonly string Corpus = Path.Combine(House.Tree.Root, "tests", "Ebb.Tests", "Joining", "Corpus");

    private static readonly string Kept = Path.Combine(House.Tree.Root, "artifacts", "test", "fuzz");

    private readonly string _kind;
    private readonly int _seed = Number("EBB_FUZZ_SEED") ?? RandomNumberGenerator.GetInt32(int.MaxValue);

    /// <param name="kind">What its files end with.</param>
    public Fuzz(string kind, ITestOutputHelper output)
    {
        _kind = kind;
        output.WriteLine($"EBB_FUZZ_SEED={_seed}");

        // Some findings end the process, and all that it has not written yet.
        Directory.CreateDirectory(Kept);
        File.WriteAllText(Path.Combine(Kept, $"seed.{kind}.txt"), $"{_seed}\n");
    }

    private static TimeSpan For { get; } = TimeSpan.FromSeconds(Number("EBB_FUZZ_SECONDS") ?? 2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <param name="once">Throws when the input broke something.</param>
    /// <param name="atOnce">How many are tried at the same time.</param>
    /// <returns>How many were tried.</returns>
    public async Task<int> RunAsync(byte[][] originals, Func<byte[], Task> once, int atOnce = 1)
    {
        foreach (var file in Directory.EnumerateFiles(Corpus, $"*.{_kind}"))
        {
            await TryAsync(await File.ReadAllBytesAsync(file, Ct), once);
        }

        var random = new Random(_seed);
        var started = TimeProvider.System.GetTimestamp();
        var tried = 0;
        while (TimeProvider.System.GetElapsedTime(started) < For)
        {
            var batch = Enumerable.Range(0, atOnce).Select(_ => Mutation.Of(originals[random.Next(originals.Length)], random)).ToList();
            await Task.WhenAll(batch.Select(bytes => TryAsync(bytes, once)));
            tried += atOnce;
        }

        return tried;
    }

    public async Task TryAsync(byte[] bytes, Func<byte[], Task> once)
    {
        try
        {
            await once(bytes);
        }
        catch (Exception e) when (!Ct.IsCancellationRequested)
        {
            var path = Path.Combine(Kept, $"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}.{_kind}");
            await File.WriteAllBytesAsync(path, bytes, Ct);
            Assert.Fail($"{path} breaks it (EBB_FUZZ_SEED={_seed}): {e}");
        }
    }

    private static int? Number(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), out var number) ? number : null;
}
