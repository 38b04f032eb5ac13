using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.CloudInit;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>The directory with what machines need that reach nothing outside, by the names under which releases publish it.</summary>
internal sealed class AirGapDirectory
{
    /// <summary>Names it; without the variable it is <c>airgap</c> beside the cluster's file.</summary>
    public const string Variable = "EBB_AIRGAP";

    // Some hundred megabytes of images each; what has more files is another directory.
    private const int MostFiles = 100;

    private readonly ImmutableArray<string> _files;

    private AirGapDirectory(ImmutableArray<string> files) => _files = files;

    /// <returns>Null where there is none and images have all that it takes.</returns>
    /// <exception cref="EbbException">It is not there, and k3s cannot be installed without it.</exception>
    public static AirGapDirectory? Of(string path, Distribution distribution, Func<string, string?> environment)
    {
        var directory = environment(Variable) is { Length: > 0 } told
            ? told
            : Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "airgap");
        if (!Directory.Exists(directory))
        {
            if (distribution is Distribution.Kubelet)
            {
                return null;
            }

            throw new EbbException(
                $"'options.airGapped' is true in {path}, and there is no directory '{directory}' with the files for that. Put there 'k3s', 'k3s-install.sh' "
                + $"(from https://get.k3s.io) and 'k3s-airgap-images-amd64.tar.zst' of one release of k3s, or let {Variable} name the directory that has them.");
        }

        ImmutableArray<string> files = [.. Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal).Take(MostFiles + 1)];
        if (files.Length > MostFiles)
        {
            throw new EbbException($"'{directory}' has more than {MostFiles} files. Leave only what machines need there, or let {Variable} name another directory.");
        }

        if (files.FirstOrDefault(file => Path.GetFileName(file) == AirGap.AttestationRoots) is { } roots)
        {
            RequireRoot(roots);
        }

        return new AirGapDirectory(files);
    }

    public ImmutableSortedDictionary<string, string> Hashes() =>
        _files.ToImmutableSortedDictionary(file => Path.GetFileName(file), Hash, StringComparer.Ordinal);

    public IEnumerable<ShareFile> Shared() => _files.Select(file => ShareFile.OfFile(SystemShare.AirGap + Path.GetFileName(file), file));

    /// <summary>Join servers do not start with a file of which they can make nothing, and with no root in it they let no machine in.</summary>
    private static void RequireRoot(string file)
    {
        var all = new X509Certificate2Collection();
        try
        {
            all.ImportFromPem(Reading(file, File.ReadAllText));
        }
        catch (CryptographicException e)
        {
            throw new EbbException($"'{file}' has something else than certificates as PEM: {e.Message.TrimEnd('.')}. See docs/azure-cluster.md for how it is made.", e);
        }

        if (!all.Any(one => one.SubjectName.RawData.AsSpan().SequenceEqual(one.IssuerName.RawData)))
        {
            throw new EbbException(
                $"'{file}' has {all.Count} certificates and no root among them, so join servers would let no machine in. Put there roots and those between, as PEM: see docs/azure-cluster.md.");
        }
    }

    private static string Hash(string file) => Reading(file, path =>
    {
        using var content = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(content));
    });

    private static string Reading(string file, Func<string, string> read)
    {
        try
        {
            return read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"'{file}' cannot be read: {e.Message.TrimEnd('.')}. Let its owner give you the right to, or copy it.", e);
        }
    }
}
