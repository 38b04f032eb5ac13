using System.Collections.Immutable;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Pki;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>Kubernetes' own programs, for tests that run them.</summary>
internal static class RealParts
{
    /// <summary>Where they are; null where there are none. <c>./test</c> sees to it that there are.</summary>
    public static string? Directory { get; } =
        new[] { Environment.GetEnvironmentVariable(Binaries.Variable), Binaries.Cache }
            .OfType<string>().FirstOrDefault(Binaries.IsComplete);

    /// <summary>Why a test that needs them cannot run; null when it can.</summary>
    public static string? Missing { get; } =
        !OperatingSystem.IsLinux() ? "Kubernetes' control plane runs on Linux only"
        : Directory is null ? $"there are no Kubernetes binaries; let {Binaries.Variable} name their directory"
        : new Binaries(Directory).Find(EtcdMember.Binary) is null ? "etcd is not installed"
        : null;

    /// <summary>Skips the test where they are missing.</summary>
    public static Binaries Require()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        return new Binaries(Directory!);
    }

    /// <summary>A control plane on loopback, in a directory that outlives it.</summary>
    public static Task<HostedControlPlane> StartAsync(
        string directory,
        CancellationToken ct,
        int members = 1,
        ImmutableDictionary<string, ImmutableArray<string>>? extraFlags = null,
        KeyAlgorithm keys = KeyAlgorithm.Ecdsa) =>
        HostedControlPlane.StartAsync(
            new ControlPlaneOptions
            {
                Directory = directory,
                Binaries = Require(),
                EtcdMembers = members,
                KeyAlgorithm = keys,
                ExtraFlags = extraFlags ?? ImmutableDictionary<string, ImmutableArray<string>>.Empty,
            },
            TimeProvider.System,
            NullLoggerFactory.Instance,
            ct);
}
