using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>What the server gives a new object.</summary>
internal static class Birth
{
    // The real server's alphabet: no vowels and nothing easily misread, so that no name spells a word.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";
    private const int SuffixLength = 5;
    private const int Attempts = 8;

    /// <summary>Orders the top of the object (apiVersion, kind, metadata, the rest) and fills in its metadata.</summary>
    public static void Prepare(
        Kind kind, JsonObject json, DateTimeOffset now, Random random, Func<string, string, bool> taken)
    {
        var metadata = json["metadata"] as JsonObject ?? [];
        json.Remove("apiVersion");
        json.Remove("kind");
        json.Remove("metadata");
        var rest = json.ToArray();
        json.Clear();
        json["apiVersion"] = kind.ApiVersion;
        json["kind"] = kind.Name;
        json["metadata"] = metadata;
        foreach (var (name, value) in rest)
        {
            json[name] = value;
        }

        if (kind.Namespaced)
        {
            if (string.IsNullOrEmpty((string?)metadata["namespace"]))
            {
                metadata["namespace"] = "default";
            }
        }
        else
        {
            metadata.Remove("namespace");
        }

        NameIt(metadata, kind.Namespaced ? (string)metadata["namespace"]! : "", random, taken);
        metadata["uid"] = Uid(random);
        metadata["resourceVersion"] = "";
        metadata["creationTimestamp"] = Timestamps.Seconds(now);
        metadata.Remove("deletionTimestamp");
        metadata.Remove("deletionGracePeriodSeconds");
        metadata.Remove("selfLink");
        if (kind.HasGeneration)
        {
            metadata["generation"] = 1;
        }
    }

    public static void NameIt(JsonObject metadata, string ns, Random random, Func<string, string, bool> taken)
    {
        if (!string.IsNullOrEmpty((string?)metadata["name"]))
        {
            return;
        }

        var prefix = (string?)metadata["generateName"] ?? "";
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // 63 is what a label may hold: controllers put the name of one object on others as a label.
            var name = string.Concat(prefix.AsSpan(0, Math.Min(prefix.Length, 63 - SuffixLength)), Suffix(random));
            metadata["name"] = name;
            if (!taken(ns, name))
            {
                return;
            }
        }
    }

    private static string Suffix(Random random)
    {
        Span<char> suffix = stackalloc char[SuffixLength];
        foreach (ref var c in suffix)
        {
            c = Alphabet[random.Next(Alphabet.Length)];
        }

        return new string(suffix);
    }

    private static string Uid(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40); // version 4
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80); // its variant
        return new Guid(bytes, bigEndian: true).ToString();
    }
}
