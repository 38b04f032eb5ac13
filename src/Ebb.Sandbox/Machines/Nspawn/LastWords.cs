namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>What was said last on a machine's way down, of all that was said since its power came on.</summary>
internal static class LastWords
{
    /// <summary>To be remembered before the power comes on: a machine's words of all its boots are kept in one file.</summary>
    public static long LengthOf(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;

    /// <param name="from">How long the file was when the power came on.</param>
    public static async Task<string> ReadAsync(string file, long from)
    {
        try
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

            // One that is shorter has been begun anew since, as it grew too large.
            stream.Seek(stream.Length < from ? 0 : from, SeekOrigin.Begin);
            using var reader = new StreamReader(stream);
            string? last = null;
            while (await reader.ReadLineAsync() is { } line)
            {
                last = line.Length > 0 ? line : last;
            }

            return last ?? "it said nothing";
        }
        catch (IOException e)
        {
            return $"what it said cannot be read: {e.Message}";
        }
    }
}
