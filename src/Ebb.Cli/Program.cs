using Ebb.Cli;
using Ebb.Cli.Output;

var terminal = Terminal.OfThisProcess();
return await EbbProgram.RunAsync(args, terminal);
