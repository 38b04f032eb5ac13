using System.Text;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>
/// Files that only their owner reads. A new content is written beside and moved over: whatever happens meanwhile, the file is the
/// old one or the new one.
/// </summary>
internal static class SecretFile
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Bundles of authorities are some kilobytes.
    private const int MostBytes = 1 << 20;

    /// <summary>The content; null when there is no such file. A mode that lets others read is narrowed.</summary>
    /// <exception cref="EbbException">It exists and cannot be read.</exception>
    public static string? Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                return null;
            }

            if (file.Length > MostBytes)
            {
                throw new EbbException($"'{path}' has {file.Length} bytes; that is neither a key nor a certificate. Put back the right file.");
            }

            if ((file.UnixFileMode & ~OwnerOnly) != 0)
            {
                file.UnixFileMode = OwnerOnly;
            }

            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"'{path}' cannot be read: {e.Message.TrimEnd('.')}. Run this as its owner.", e);
        }
    }

    /// <exception cref="IOException">It could not be written; the old file, if any, is as it was.</exception>
    public static void Write(string path, string content)
    {
        var beside = path + ".new";
        try
        {
            File.Delete(beside);
            using (var file = new FileStream(beside, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = OwnerOnly,
            }))
            {
                file.Write(Encoding.UTF8.GetBytes(content));

                // A power cut after the move must not find an empty file.
                file.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Remove(beside);
            throw new IOException($"'{path}' could not be written and is as it was: {e.Message.TrimEnd('.')}. Make room or make it writable, and run this again.", e);
        }
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What could not be written says why; the next attempt begins by removing this.
        }
    }
}
