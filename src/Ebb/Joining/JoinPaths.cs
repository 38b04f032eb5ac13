namespace Ebb.Joining;

/// <summary>Where a join server answers what. All but the certificate, the programs and the health are POSTs of JSON.</summary>
public static class JoinPaths
{
    /// <summary>The port that a join server listens on unless told otherwise.</summary>
    public const int DefaultPort = 1337;

    /// <summary>GET: the authority of the join server's own certificate, PEM. Checked by whoever fetches it against the hash it was born with.</summary>
    public const string Authority = "/ca.crt";

    /// <summary>GET: this, then <c>amd64</c> or <c>arm64</c>: the agent's program for that kind of machine.</summary>
    public const string Agent = "/agent/";

    /// <summary>GET: this, then a name: what else machines are given that fetch nothing from outside.</summary>
    public const string Files = "/files/";

    /// <summary>GET: 200 while the server can admit machines, 503 while it cannot.</summary>
    public const string Health = "/healthz";

    /// <summary>An empty body in, a <see cref="NonceAnswer"/> out.</summary>
    public const string Nonce = "/v1/nonce";

    /// <summary>A <see cref="JoinRequest"/> in, a <see cref="JoinAnswer"/> out.</summary>
    public const string Join = "/v1/join";

    /// <summary>A <see cref="LeaveRequest"/> in, a <see cref="LeaveAnswer"/> out, after the drain: it may take as long as was asked for.</summary>
    public const string Leave = "/v1/leave";

    /// <summary>A <see cref="NoticeRequest"/> in, a <see cref="NoticeAnswer"/> out.</summary>
    public const string Notice = "/v1/notice";

    /// <summary>The largest body that a join server reads.</summary>
    public const int MostRequestBytes = 64 * 1024;

    /// <summary>The largest answer that a machine has to read, programs apart.</summary>
    public const int MostAnswerBytes = 256 * 1024;
}
