using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Ebb.Cli.Clusters;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>How the API server encrypts Secrets before etcd sees them: the first key writes, all of them read.</summary>
internal sealed record EncryptionFile(ImmutableArray<EncryptionKey> Keys)
{
    /// <summary>Makes the file with a new key where there is none; true then.</summary>
    public static bool Ensure(PkiFiles files)
    {
        if (SecretFile.Read(files.Encryption) is not null)
        {
            return false;
        }

        SecretFile.Write(files.Encryption, new EncryptionFile([EncryptionKey.New(1)]).Write());
        return true;
    }

    /// <exception cref="EbbException">There is none, or someone edited it: then only they know what is to become of it.</exception>
    public static EncryptionFile Read(PkiFiles files)
    {
        var text = SecretFile.Read(files.Encryption)
            ?? throw new EbbException($"'{files.Encryption}' is missing. Restore it from a backup: without it no Secret can be read.");
        return Parse(text) is { } found && found.Write() == text
            ? found
            : throw new EbbException($"'{files.Encryption}' was edited by hand. Change its keys by hand too: add one second, restart, put it first, restart.");
    }

    /// <summary>From now on a new key writes.</summary>
    public static EncryptionFile AddKey(PkiFiles files)
    {
        using var held = files.TakeLock();
        var found = Read(files);
        var newest = found.Keys.Max(key => key.Number);
        var changed = new EncryptionFile([EncryptionKey.New(newest + 1), .. found.Keys]);
        SecretFile.Write(files.Encryption, changed.Write());
        return changed;
    }

    /// <summary>Only the key that writes is left. What older ones wrote cannot be read any more.</summary>
    public static void DropOldKeys(PkiFiles files)
    {
        using var held = files.TakeLock();
        SecretFile.Write(files.Encryption, new EncryptionFile([Read(files).Keys[0]]).Write());
    }

    /// <summary>How many keys there are, and not a word of them.</summary>
    public override string ToString() => $"{nameof(EncryptionFile)} ({Keys.Length} keys)";

    // The last provider reads what was stored before there was encryption.
    private string Write() =>
        $$"""
        apiVersion: apiserver.config.k8s.io/v1
        kind: EncryptionConfiguration
        resources:
        - resources: [secrets]
          providers:
          - secretbox:
              keys:
        {{string.Join('\n', Keys.Select(key => $"      - name: {key.Name}\n        secret: {key.Secret}"))}}
          - identity: {}

        """;

    private static EncryptionFile? Parse(string text)
    {
        try
        {
            var keys = Yaml.ToJson(text).GetProperty("resources")[0].GetProperty("providers")[0].GetProperty("secretbox").GetProperty("keys");
            return new EncryptionFile([.. keys.EnumerateArray().Select(EncryptionKey.Of)]);
        }
        catch (Exception e) when (e is FormatException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or ArgumentException)
        {
            return null;
        }
    }
}

/// <param name="Number">Counts up; part of what the API server stores beside each Secret, to know which key to read it with.</param>
internal sealed record EncryptionKey(int Number, string Secret)
{
    private const string Prefix = "key-";

    public string Name => Prefix + Number.ToString(CultureInfo.InvariantCulture);

    public static EncryptionKey New(int number) => new(number, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));

    public static EncryptionKey Of(JsonElement key) =>
        new(
            int.Parse((key.GetProperty("name").GetString() ?? "").AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture),
            key.GetProperty("secret").GetString()!);

    /// <summary>Not a word of the key.</summary>
    public override string ToString() => Name;
}
