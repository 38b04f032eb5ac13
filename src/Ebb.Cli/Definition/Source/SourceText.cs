using System.Text;

namespace Ebb.Cli.Definition.Source;

/// <summary>The text of a file that a person wrote: bounded, and nothing in it that an editor does not show.</summary>
internal static class SourceText
{
    // A hundred times what a large cluster needs.
    public const int MostBytes = 256 * 1024;

    /// <exception cref="EbbException">It cannot be read, is too large, or is no text.</exception>
    public static string Load(string path)
    {
        RequireName(path);
        if (Directory.Exists(path))
        {
            throw new EbbException($"{path} is a directory. Name the file, for example {Path.Combine(path, ClusterFile.DefaultPath)}.");
        }

        var bytes = new byte[MostBytes + 1];
        int length;
        try
        {
            using var file = File.OpenRead(path);
            length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EbbException($"There is no file {path}. 'ebb init' writes one.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"{path} cannot be read: {e.Message}", e);
        }

        return length <= MostBytes
            ? Decode(bytes.AsSpan(0, length), path)
            : throw new EbbException($"{path} is larger than {MostBytes / 1024} KiB; no ebb.yaml is. Check that it is the right file.");
    }

    /// <exception cref="EbbException">It is empty.</exception>
    public static void RequireName(string path)
    {
        if (path.Trim().Length == 0)
        {
            throw new EbbException($"'{path}' is no file's name. Name the file, for example {ClusterFile.DefaultPath}.");
        }
    }

    public static string Decode(ReadOnlySpan<byte> bytes, string shownAs)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
        {
            throw new EbbException($"{shownAs}:1:1: this is UTF-16. Save the file as UTF-8.");
        }

        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        bytes = bytes.StartsWith(mark) ? bytes[mark.Length..] : bytes;
        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            // The index is that of the first byte that fits nothing, or just before it.
            var before = bytes[..Math.Clamp(e.Index, 0, bytes.Length)];
            var line = before.Count((byte)'\n') + 1;
            throw new EbbException($"{shownAs}:{line}:{before.Length - before.LastIndexOf((byte)'\n')}: this is no UTF-8. Save the file as UTF-8.", e);
        }

        return WithoutHidden(text, shownAs);
    }

    private static string WithoutHidden(string text, string shownAs)
    {
        var (line, column) = (1, 1);
        foreach (var c in text)
        {
            // Control characters, and those that make text read otherwise than it stands (bidirectional marks, a mark in mid-file).
            if ((char.IsControl(c) && c is not ('\t' or '\n' or '\r')) || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\uFEFF')
            {
                throw new EbbException($"{shownAs}:{line}:{column}: here is the invisible character U+{(int)c:X4}. Remove it.");
            }

            (line, column) = c == '\n' ? (line + 1, 1) : (line, column + 1);
        }

        return text;
    }
}
