using System.Globalization;
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
    // [MACHINES [--default-limits]]: as many machines ask to join at the same moment. Fails unless all get in.
    case ["--joins", .. var machines]:
        using (var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10), TimeProvider.System))
        {
            var count = machines is [var number, ..] ? int.Parse(number, CultureInfo.InvariantCulture) : 10_000;
            var allAreIn = await JoinsAtSize.RunAsync(Console.Out, count, machines is [_, "--default-limits"], limit.Token);
            Environment.ExitCode = allAreIn ? 0 : 1;
        }

        break;
    // KUBECONFIG [MINUTES [MACHINES [SAMPLES]]]: on a control plane with nothing else to do, as one who may do everything.
    case ["--real", var kubeconfig, .. var sizes]:
        await using (var real = await RealAtSize.StartAsync(kubeconfig, Console.Out, CancellationToken.None))
        {
            var steady = TimeSpan.FromMinutes(Number(0, 5));
            await real.RunAsync(machines: Number(1, 300), podsPerMachine: 30, bursts: 3, samples: Number(2, 60), steady, CancellationToken.None);

            int Number(int at, int otherwise) => sizes.Length > at ? int.Parse(sizes[at], CultureInfo.InvariantCulture) : otherwise;
        }

        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Quick).Assembly).Run(args);
        break;
}
