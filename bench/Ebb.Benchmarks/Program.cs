using BenchmarkDotNet.Running;
using Ebb.Benchmarks;
using Ebb.Benchmarks.Scenes;

switch (args)
{
    // One table in half a minute, for a look while working; without the flag BenchmarkDotNet measures thoroughly.
    case ["--quick"]:
        Quick.Run(Console.Out);
        break;
    case ["--sandbox", .. var kind]:
        using (var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5), TimeProvider.System))
        {
            await SandboxAtSize.RunAsync(Console.Out, machines: 1_000, pods: 10_000, kind is ["deployment"] ? "Deployment" : "Job", limit.Token);
        }

        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Quick).Assembly).Run(args);
        break;
}
