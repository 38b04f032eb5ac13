using System.Net.Sockets;
using Ebb.Clouds;
using Ebb.Kubernetes;

namespace Ebb.Cli;

/// <summary>Tells a person what went wrong, in a line or two.</summary>
internal static class Trouble
{
    public static int Report(Exception e, TextWriter error, bool verbose)
    {
        error.WriteLine($"ebb: {Explain(e)}");
        if (verbose)
        {
            error.WriteLine(e);
        }

        return e is EbbException ? ExitCode.Usage : ExitCode.Failed;
    }

    public static string Explain(Exception e) => e switch
    {
        EbbException or CloudException or KubeException => e.Message,
        HttpRequestException { InnerException: SocketException socket } http => $"{http.Message} {socket.SocketErrorCode}.",
        HttpRequestException or UnauthorizedAccessException or IOException => e.Message,
        TimeoutException => e.Message,
        _ => $"unexpected {e.GetType().Name}: {e.Message} Run again with --verbose for where it happened.",
    };
}
