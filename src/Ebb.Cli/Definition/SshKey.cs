using Ebb.Cli.Definition.Shapes;

namespace Ebb.Cli.Definition;

/// <summary>Finds the public key that a file names.</summary>
internal static class SshKey
{
    private const string Key = "access.sshKeyFile";

    // A public key has at most some 3 KiB.
    private const int MostBytes = 16 * 1024;

    /// <summary>The definition with the key's absolute path.</summary>
    /// <param name="file">The ebb.yaml: relative paths are meant from where it lies.</param>
    public static AccessDefinition Locate(AccessDefinition access, string file, Func<string, string?> environment, Reading reading)
    {
        if (access.SshKeyFile is not { } written || !reading.IsSound(Key))
        {
            return access;
        }

        var expanded = written.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Combine(environment("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), written[2..])
            : written;
        var path = Path.GetFullPath(expanded, Path.GetDirectoryName(Path.GetFullPath(file))!);
        if (Problem(path) is { } problem)
        {
            reading.Problem(Key, problem);
        }

        return access with { SshKeyFile = path };
    }

    private static string? Problem(string path)
    {
        var bytes = new byte[MostBytes];
        int length;
        try
        {
            using var stream = File.OpenRead(path);
            length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"the file {path} cannot be read: {e.Message} Remove this key, and Ebb makes a pair of its own.";
        }

        // Never more of the file than its first word goes into a message: it may be the private one.
        var text = System.Text.Encoding.UTF8.GetString(bytes, 0, length);
        return text switch
        {
            _ when text.Contains("PRIVATE KEY", StringComparison.Ordinal) => $"{path} holds a private key. Name the public one, which ends in .pub.",
            _ when text.StartsWith("ssh-rsa ", StringComparison.Ordinal) || text.StartsWith("ssh-ed25519 ", StringComparison.Ordinal) => null,
            _ => $"{path} holds no public key that Azure takes: one line that begins with ssh-ed25519 or ssh-rsa. Make one with 'ssh-keygen -t ed25519'.",
        };
    }
}
