using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>
/// Five ports of loopback that are one control plane's until it ends, also while its programs are down: no other's, in whatever process of
/// tests, and apart from those that the system and Ebb give out by themselves.
/// </summary>
internal sealed class RealPorts : IDisposable
{
    private const int First = 18_000;
    private const int Sets = 200;
    private const int Each = 5;

    private readonly FileStream _held;

    private RealPorts(FileStream held, ImmutableArray<int> numbers)
    {
        _held = held;
        Numbers = numbers;
    }

    public ImmutableArray<int> Numbers { get; }

    public static RealPorts Take()
    {
        for (var set = 0; set < Sets; set++)
        {
            ImmutableArray<int> numbers = [.. Enumerable.Range(First + (set * Each), Each)];
            if (TryHold(Path.Combine(Path.GetTempPath(), $"ebb-real-ports-{numbers[0]}")) is { } held)
            {
                if (numbers.All(IsFree))
                {
                    return new RealPorts(held, numbers);
                }

                held.Dispose();
            }
        }

        throw new InvalidOperationException($"All ports from {First} to {First + (Sets * Each) - 1} are taken.");
    }

    public void Dispose() => _held.Dispose();

    private static FileStream? TryHold(string file)
    {
        try
        {
            // It stays, empty: whoever deleted it might have it locked by two.
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody else, or another user, has them.
            return null;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
