return await Ebb.Agent.AgentProgram.RunAsync(args);
