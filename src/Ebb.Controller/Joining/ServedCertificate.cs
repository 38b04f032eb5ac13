using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Controller.Joining;

/// <summary>
/// The server's certificate and the authorities that vouch for it, as their files are now. While authorities change there are two, and
/// behind the server's certificate lies what leads from the one that signed it to the one before.
/// </summary>
internal sealed class ServedCertificate(JoinServerOptions options, Action<string, Exception> failed, TimeProvider time)
{
    private readonly Watched<SslStreamCertificateContext> _leaf = new(
        [options.CertificateFile, options.KeyFile, options.AuthorityFile], () => Load(options), failed, time);

    private readonly Watched<byte[]> _authority = new(
        [options.AuthorityFile], () => System.Text.Encoding.ASCII.GetBytes(Pem.Read(options.AuthorityFile)), failed, time);

    public SslStreamCertificateContext Leaf => _leaf.Current;

    public byte[] Authority => _authority.Current;

    private static SslStreamCertificateContext Load(JoinServerOptions options)
    {
        using var leaf = X509Certificate2.CreateFromPem(Pem.Read(options.CertificateFile), Pem.Read(options.KeyFile));
        var between = All(options.CertificateFile);
        between.RemoveAt(0);
        var authorities = All(options.AuthorityFile);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(between);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;

        // When it ends is for clients to judge, and for whoever renews it: a server that is late still lets nobody else in.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        if (!chain.Build(leaf))
        {
            throw new EbbException(
                $"'{options.CertificateFile}' is not signed by '{options.AuthorityFile}', so no machine would trust it. Issue it from that authority.");
        }

        // Keys from PEM do not live in a store; going through PKCS#12 makes TLS take them on every system.
        var kept = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null);
        return SslStreamCertificateContext.Create(kept, between, offline: true);
    }

    private static X509Certificate2Collection All(string file)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(Pem.Read(file));
        return all.Count > 0 ? all : throw new EbbException($"There is no certificate in '{file}'. Put it there, as PEM.");
    }
}

/// <summary>Small text files: certificates, keys, tokens.</summary>
internal static class Pem
{
    private const int MostBytes = 1 << 20;

    /// <exception cref="IOException">It cannot be read.</exception>
    public static string Read(string path)
    {
        var length = new FileInfo(path).Length;
        return length <= MostBytes ? File.ReadAllText(path) : throw new IOException($"'{path}' has {length} bytes; that is no certificate, key or token.");
    }
}
