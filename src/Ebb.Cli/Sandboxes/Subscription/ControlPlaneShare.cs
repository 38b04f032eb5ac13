using System.Security.Cryptography;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>The private share as one control-plane machine reaches it: by the machine's own identity, which must be known first.</summary>
internal sealed class ControlPlaneShare(
    ControlPlaneBirth birth, ControlPlaneGround ground, ArmConnection arm, HttpMessageInvoker http, TimeProvider time)
{
    // Programs are some tens of megabytes; images for machines without a way outside some hundreds.
    private const int MostFile = 1 << 30;

    private readonly Random _random = new(RandomNumberGenerator.GetInt32(int.MaxValue));
    private Ebb.Clouds.Azure.Deployments.FileShare? _share;

    public string Name => birth.Share;

    /// <summary>What is wanted; null where nothing is, or it is just being written.</summary>
    public async Task<ControlPlaneWanted?> WantedAsync(CancellationToken ct) =>
        await ReadAsync(SystemShare.Wanted, ControlPlaneOrders.MostBytes, ct) is { } found ? ControlPlaneWanted.Read(found) : null;

    /// <summary>Whose turn it is; null where it is nobody's, or that is just being written.</summary>
    public async Task<ControlPlaneTurn?> TurnAsync(CancellationToken ct)
    {
        var found = await ReadAsync(SystemShare.Turn, ControlPlaneTurn.MostBytes, ct);
        return found is null || found.AsSpan().IndexOfAnyExcept((byte)0) < 0 ? null : ControlPlaneTurn.Read(found);
    }

    /// <summary>The key with which machines are to mount.</summary>
    public async Task<string> SharesKeyAsync(ControlPlaneShares shares, CancellationToken ct) =>
        (await new StorageAccounts(arm).KeysAsync(birth.StorageGroup, shares.Account, ct))?.FirstOrDefault(key => key.Name == shares.Key)?.Value
        ?? throw new CloudException($"Storage account '{shares.Account}' has no {shares.Key}.");

    public Task<byte[]?> FileAsync(string path, CancellationToken ct) => ReadAsync(path, MostFile, ct);

    public async Task TellAsync(ControlPlaneState state, CancellationToken ct)
    {
        var path = SystemShare.State(state.Machine);
        var share = await OpenAsync(ct);
        await share.MakeDirectoryAsync(path[..path.LastIndexOf('/')], ct);
        using var content = new MemoryStream(state.ToBytes());
        await share.WriteAsync(path, content, ct);
    }

    private async Task<byte[]?> ReadAsync(string path, int most, CancellationToken ct)
    {
        try
        {
            return await (await OpenAsync(ct)).ReadAsync(path, most, ct);
        }
        catch (CloudException)
        {
            // Its key may have been exchanged: the next call asks for it again.
            _share = null;
            throw;
        }
    }

    private async Task<Ebb.Clouds.Azure.Deployments.FileShare> OpenAsync(CancellationToken ct)
    {
        if (_share is null)
        {
            var key = await new StorageAccounts(arm).KeyAsync(birth.StorageGroup, birth.SystemAccount, ct)
                ?? throw new CloudException($"Storage account '{birth.SystemAccount}' is not in resource group '{birth.StorageGroup}'.");
            _share = new Ebb.Clouds.Azure.Deployments.FileShare(
                new StorageAccess(birth.SystemAccount, ground.FilesOf(birth.SystemAccount), key), birth.Share, http, time, _random);
        }

        return _share;
    }
}
