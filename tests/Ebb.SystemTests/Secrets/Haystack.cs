using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;

namespace Ebb.SystemTests.Secrets;

/// <summary>All that a run wrote and said, each piece with the name of the place where it was found.</summary>
internal sealed partial class Haystack
{
    private readonly ConcurrentDictionary<(string Place, string Print), byte[]> _pieces = [];

    public void Add(string place, string text) => Add(place, Encoding.UTF8.GetBytes(text));

    public void Add(string place, byte[] bytes) => _pieces.TryAdd((place, $"{bytes.Length} {Hash(bytes)}"), bytes);

    /// <summary>Every file below, and what became of others' rights to it.</summary>
    /// <param name="called">What places begin with instead of the directory's own path.</param>
    public void AddFiles(string directory, string called)
    {
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Device }))
        {
            // Sockets and pipes have nothing to read; a link's file is found by itself.
            if (file.LinkTarget is null && file.Length > 0)
            {
                var place = $"{called}/{Path.GetRelativePath(directory, file.FullName)}";
                Add(file.UnixFileMode is (UnixFileMode.UserRead | UnixFileMode.UserWrite) ? place : $"{place} (mode {Convert.ToString((int)file.UnixFileMode, 8)})", File.ReadAllBytes(file.FullName));
            }
        }
    }

    /// <summary>Where a secret is that does not belong there, or that others may read.</summary>
    public IReadOnlyList<string> Astray(IEnumerable<Needle> needles) =>
    [
        .. from needle in needles
           from found in Finds(needle)
           where !needle.Belongs.IsMatch(found.Place)
           select $"{needle.Name}, {found.Form}, is in {found.Place}",
        .. from piece in _pieces
           where Token().IsMatch(Encoding.Latin1.GetString(piece.Value))
           select $"a signed token is in {piece.Key.Place}",
    ];

    /// <summary>Whether it was found where it belongs: what is looked for is really the secret.</summary>
    public bool Knows(Needle needle) => Finds(needle).Any(found => needle.Belongs.IsMatch(found.Place));

    private IEnumerable<(string Place, string Form)> Finds(Needle needle) =>
        (from piece in _pieces
         from form in needle.Forms
         where piece.Value.AsSpan().IndexOf(form.Bytes) >= 0
         select (piece.Key.Place, form.Form)).Distinct();

    private static string Hash(byte[] bytes) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes));

    // Three parts of base64url, the first of which begins as an object of JSON does: a token with a signature.
    [GeneratedRegex(@"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")]
    private static partial Regex Token();
}
