using Ebb.Cli.ControlPlane.Pki;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;

namespace Ebb.Cli.ControlPlane.Access;

/// <summary>
/// Gives a running cluster another key for its Secrets: the new one writes and the old one still reads, every Secret is written
/// once more, then the old one goes. Interrupted anywhere, it goes on where it was.
/// </summary>
/// <param name="takenUp">Waits until the API server runs with the keys as they are in the file.</param>
internal sealed class EncryptionRotation(PkiFiles files, KubeClient admin, Func<CancellationToken, Task> takenUp)
{
    // Enough to change every Secret of a large cluster within minutes, too little to hold up its other users.
    private const int AtOnce = 8;

    private static readonly byte[] Nothing = "{}"u8.ToArray();

    /// <returns>How many Secrets were written anew.</returns>
    public async Task<int> RunAsync(CancellationToken ct)
    {
        if (EncryptionFile.Read(files).Keys.Length == 1)
        {
            EncryptionFile.AddKey(files);
        }

        await takenUp(ct);
        var rewritten = await RewriteAsync(ct);
        EncryptionFile.DropOldKeys(files);
        await takenUp(ct);
        return rewritten;
    }

    private async Task<int> RewriteAsync(CancellationToken ct)
    {
        var secrets = new Resource<V1Any>("v1", "secrets");
        var all = await admin.ListAsync(secrets, Selection.All, fromCache: false, ct);
        await Parallel.ForEachAsync(all.Items, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (secret, stop) =>
        {
            try
            {
                // A change of nothing is written all the same where what is stored is not of the first key.
                await admin.PatchAsync(
                    secrets, secret.Metadata.Namespace, secret.Metadata.Name, PatchKind.Merge, Nothing, WriteOptions.Default, stop);
            }
            catch (KubeException e) when (e.NotFound)
            {
                // It went meanwhile; nothing of it is left to be read.
            }
        });
        return all.Items.Count;
    }
}
