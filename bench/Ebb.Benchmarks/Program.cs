using BenchmarkDotNet.Running;
using Ebb.Benchmarks;

// One table in half a minute, for a look while working; without the flag BenchmarkDotNet measures thoroughly.
if (args is ["--quick"])
{
    Quick.Run(Console.Out);
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Quick).Assembly).Run(args);
