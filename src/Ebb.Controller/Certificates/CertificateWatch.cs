using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Ebb.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Controller.Certificates;

/// <summary>A certificate that this program or its machine cannot do without, and does not make anew by itself.</summary>
/// <param name="Name">For people, as the beginning of a sentence.</param>
/// <param name="Until">When it ends, as it is now; null where there is none that ends.</param>
/// <param name="Then">What happens then, as a sentence.</param>
/// <param name="Remedy">What to do before, as a sentence.</param>
public sealed record WatchedCertificate(string Name, Func<CancellationToken, ValueTask<DateTimeOffset?>> Until, string Then, string Remedy);

/// <summary>Says once a day which certificates are about to end, from two months before on, until somebody has made them anew.</summary>
/// <param name="tell">Tells the cluster's people: an Event.</param>
public sealed partial class CertificateWatch(
    ImmutableArray<WatchedCertificate> certificates, Func<string, CancellationToken, Task> tell, TimeProvider time, ILogger<CertificateWatch> logger)
{
    /// <summary>Of the Events.</summary>
    public const string Reason = "CertificateEnds";

    // Whatever renews them takes those that end sooner than this.
    private static readonly TimeSpan SayBefore = TimeSpan.FromDays(60);

    private static readonly TimeSpan LookEvery = TimeSpan.FromDays(1);

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        do
        {
            foreach (var notice in await LookAsync(ct))
            {
                await TellAsync(notice, ct);
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    /// <summary>Looks at all of them now, and logs what there is to say.</summary>
    public async Task<ImmutableArray<string>> LookAsync(CancellationToken ct)
    {
        var notices = ImmutableArray.CreateBuilder<string>();
        foreach (var certificate in certificates)
        {
            if (await UntilAsync(certificate, ct) is { } until && Notice(certificate, until, time.GetUtcNow()) is { } notice)
            {
                LogEnds(notice);
                notices.Add(notice);
            }
        }

        return notices.ToImmutable();
    }

    private static string? Notice(WatchedCertificate certificate, DateTimeOffset until, DateTimeOffset now) => until - now > SayBefore
        ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{certificate.Name} {(until > now ? "ends" : "ended")} on {until.UtcDateTime:yyyy-MM-dd}. {certificate.Then} {certificate.Remedy}");

    private async Task<DateTimeOffset?> UntilAsync(WatchedCertificate certificate, CancellationToken ct)
    {
        try
        {
            return await certificate.Until(ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or EbbException)
        {
            // It may just be written; what cannot do without it says so louder than this.
            LogUnread(certificate.Name, e.Message);
            return null;
        }
    }

    private async Task TellAsync(string notice, CancellationToken ct)
    {
        try
        {
            await tell(notice, ct);
        }
        catch (KubeException e)
        {
            // It is in the log, and is told again tomorrow.
            LogNotTold(e.Message);
        }
    }

    [LoggerMessage(LogLevel.Error, "{Notice}")]
    private partial void LogEnds(string notice);

    [LoggerMessage(LogLevel.Warning, "{Name} cannot be read, and is looked at again tomorrow: {Trouble}")]
    private partial void LogUnread(string name, string trouble);

    [LoggerMessage(LogLevel.Warning, "Kubernetes took no Event about a certificate: {Trouble}")]
    private partial void LogNotTold(string trouble);
}
