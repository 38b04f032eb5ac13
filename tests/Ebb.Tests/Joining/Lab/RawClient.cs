using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ebb.Tests.Joining.Lab;

/// <summary>A client of a join server that sends bytes as they are.</summary>
internal static class RawClient
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task StillAdmitsAsync(JoinLab lab, int machine = 1)
    {
        using var response = await lab.JoinAsync(lab.AddMachine(machine));
        Assert.True(response.StatusCode is HttpStatusCode.OK, lab.Audit + lab.Loggers.Text);
    }

    public static async Task<string> AnswerAsync(JoinLab lab, string request) => await AnswerAsync(lab, Encoding.Latin1.GetBytes(request));

    /// <param name="hangUp">Whether the client says that no more will come, so that the server waits for nothing.</param>
    public static async Task<string> AnswerAsync(JoinLab lab, byte[] request, bool hangUp = false)
    {
        await using var stream = await ConnectAsync(lab, tls: true);
        try
        {
            await stream.WriteAsync(request, Ct);
            if (hangUp)
            {
                await ((SslStream)stream).ShutdownAsync();
            }

            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var buffer = new byte[4096];
            var read = await stream.ReadAsync(buffer, deadline.Token).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Ct);
            return Encoding.Latin1.GetString(buffer, 0, read);
        }
        catch (IOException)
        {
            return "";
        }
    }

    public static async Task<Stream> ConnectAsync(JoinLab lab, bool tls, string from = "127.0.0.1", int? receiveBuffer = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        if (receiveBuffer is { } bytes)
        {
            socket.ReceiveBufferSize = bytes;
        }

        await socket.ConnectAsync(lab.Server.Address, Ct);
        var network = new NetworkStream(socket, ownsSocket: true);
        if (!tls)
        {
            return network;
        }

        var secure = new SslStream(network);
        await secure.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { lab.ServerAuthority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
            Ct);
        return secure;
    }
}
