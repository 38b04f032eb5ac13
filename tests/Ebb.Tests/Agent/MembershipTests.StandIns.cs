using Ebb.Agent;
using Ebb.Joining;

namespace Ebb.Tests.Agent;

// What the machine has beside its agent.
public sealed partial class MembershipTests
{
    private sealed class Disk : IDistribution
    {
        private volatile bool _wasNode;
        private int _looks;

        public bool WasNode
        {
            get
            {
                Interlocked.Increment(ref _looks);
                return _wasNode;
            }

            set => _wasNode = value;
        }

        /// <summary>How often it was asked whether it was a node.</summary>
        public int Looks => Volatile.Read(ref _looks);

        public bool Fails { get; set; }

        public List<string> Did { get; } = [];

        public Task StartAsync(JoinAnswer granted, CancellationToken ct)
        {
            Did.Add($"start {granted.Node}");
            return Fails ? throw new IOException("no room on the disk") : Task.CompletedTask;
        }

        public Task ResumeAsync(CancellationToken ct)
        {
            Did.Add("resume");
            return Task.CompletedTask;
        }
    }

    private sealed class Silence : HttpMessageHandler
    {
        public int Asked { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked++;
            throw new HttpRequestException("Nothing answers.");
        }
    }

    private sealed class Proofs : IProofOfIdentity
    {
        public Task<Proof> ProveAsync(string nonce, string path, CancellationToken ct) =>
            Task.FromResult(new Proof { Kind = ProofKinds.AzureAttestedDocument, Nonce = nonce, Document = "d" });
    }
}
