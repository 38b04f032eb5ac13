using System.Text;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>Scripts, units and manifests that machines are given as they lie in <c>Files</c>.</summary>
internal static class Texts
{
    public static string Read(string name)
    {
        using var reader = new StreamReader(typeof(Texts).Assembly.GetManifestResourceStream("CloudInit/" + name)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
