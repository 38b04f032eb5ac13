using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>The key that logs in to a cluster's machines: the user's own, or one that Ebb makes and keeps.</summary>
internal static class SshKeys
{
    private const int MostFile = 64 << 10;

    /// <param name="file">With public keys, one a line; null for a pair of Ebb's.</param>
    /// <param name="make">Whether to make that pair where it is missing.</param>
    /// <returns>Public keys in OpenSSH's form.</returns>
    /// <exception cref="EbbException">The file cannot be read, or holds none.</exception>
    public static string[] Public(string? file, ClusterHome home, bool make = true)
    {
        if (file is null)
        {
            return [Made(home, make)];
        }

        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > MostFile } large)
            {
                throw new EbbException($"'{file}' has {large.Length} bytes; that is no file of public keys. Set access.sshKeyFile to one.");
            }

            string[] keys = [.. File.ReadAllLines(file).Select(line => line.Trim()).Where(line => line.StartsWith("ssh-", StringComparison.Ordinal))];
            return keys.Length > 0
                ? keys
                : throw new EbbException($"'{file}' holds no public key. Set access.sshKeyFile to a file such as ~/.ssh/id_ed25519.pub, or leave it out and Ebb makes a pair.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"'{file}' cannot be read: {e.Message.TrimEnd('.')}. Set access.sshKeyFile to a public key that you can read, or leave it out and Ebb makes a pair.", e);
        }
    }

    /// <summary>The file to log in with; null where only the user's own agent may have the key.</summary>
    /// <param name="file">As for <see cref="Public"/>.</param>
    public static string? PrivateFile(string? file, ClusterHome home) =>
        file is null ? PathOf(home)
        : file.EndsWith(".pub", StringComparison.Ordinal) && File.Exists(file[..^4]) ? file[..^4]
        : null;

    /// <summary>As <c>ssh-keygen -l</c> shows it: <c>SHA256:...</c>.</summary>
    public static string Fingerprint(string publicKey) =>
        $"SHA256:{Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(publicKey.Split(' ')[1]))).TrimEnd('=')}";

    /// <summary>The pair before, while machines may know only that one; null when there is none.</summary>
    public static string? Previous(ClusterHome home) => File.Exists(PreviousOf(home)) ? PreviousOf(home) : null;

    /// <summary>Puts Ebb's own pair aside and makes another one in its place; done twice it is as done once.</summary>
    public static void Replace(ClusterHome home)
    {
        // The private half goes first: as long as it is here, nothing was put aside.
        if (Previous(home) is null && File.Exists(PathOf(home)))
        {
            File.Move(PathOf(home), PreviousOf(home));
        }

        Made(home, make: true);
    }

    /// <summary>Removes the pair before.</summary>
    public static void ForgetPrevious(ClusterHome home)
    {
        File.Delete(PreviousOf(home));
        File.Delete(PreviousOf(home) + ".pub");
    }

    private static string PathOf(ClusterHome home) => Path.Combine(home.Keys, "ssh");

    private static string PreviousOf(ClusterHome home) => PathOf(home) + ".previous";

    private static string Made(ClusterHome home, bool make)
    {
        var path = PathOf(home);
        using var key = RSA.Create(3072);
        if (SecretFile.Read(path) is { } kept)
        {
            key.ImportFromPem(kept);
        }
        else if (!make)
        {
            throw new EbbException($"'{path}' is missing. 'ebb keys' makes another pair; machines that are there know only the one before.");
        }
        else
        {
            // ssh reads this form as it is.
            SecretFile.Write(path, key.ExportRSAPrivateKeyPem() + "\n");
        }

        var text = $"ssh-rsa {Convert.ToBase64String(Blob(key))} ebb-{home.Name}";
        if (make)
        {
            SecretFile.Write(path + ".pub", text + "\n");
        }

        return text;
    }

    private static byte[] Blob(RSA key)
    {
        var numbers = key.ExportParameters(includePrivateParameters: false);
        using var blob = new MemoryStream();
        Write(Encoding.ASCII.GetBytes("ssh-rsa"));
        Write(Positive(numbers.Exponent!));
        Write(Positive(numbers.Modulus!));
        return blob.ToArray();

        void Write(byte[] part)
        {
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
            blob.Write(length);
            blob.Write(part);
        }

        // A first bit that is set would make it negative.
        static byte[] Positive(byte[] number) => (number[0] & 0x80) == 0 ? number : [0, .. number];
    }
}
